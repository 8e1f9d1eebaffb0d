# One image for the Home Assistant add-on and for plain Docker.
#
# The base is Python's own Debian image and not Home Assistant's base-debian: that one has no Python, and brings an
# init system (s6) for several services, where EmberEye is one command that watches its own processes. Alpine is out:
# OpenVINO's wheels need glibc. Python 3.13 is what requirements/run.txt is locked for on amd64 and aarch64.
FROM python:3.13-slim-trixie AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app
RUN python -m venv /opt/embereye
COPY requirements/run.txt requirements/run.txt
RUN /opt/embereye/bin/python -m pip install --no-cache-dir --no-deps --only-binary=:all: --require-hashes \
        -r requirements/run.txt \
    && /opt/embereye/bin/python -m pip check \
    && /opt/embereye/bin/python -m pip uninstall -y pip
COPY embereye_addon embereye_addon
RUN /opt/embereye/bin/python -m compileall -q embereye_addon


FROM python:3.13-slim-trixie

# The Supervisor gives both; there is no build file with defaults, so they stand here.
ARG BUILD_VERSION=0.1.0
ARG BUILD_ARCH=amd64

LABEL io.hass.type="app" \
      io.hass.name="EmberEye" \
      io.hass.description="Fire detection from cameras, thermal arrays and gas inputs, fused per zone" \
      io.hass.version="${BUILD_VERSION}" \
      io.hass.arch="${BUILD_ARCH}" \
      org.opencontainers.image.title="EmberEye" \
      org.opencontainers.image.description="Fire detection from cameras, thermal arrays and gas inputs, fused per zone" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${BUILD_VERSION}"

ENV PATH=/opt/embereye/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    EMBEREYE_FOLDER=/data \
    HOME=/tmp

# No USER line: under Home Assistant /data belongs to root. With plain Docker give --user; any user may write to /data.
RUN mkdir -m 1777 /data
COPY --from=build /opt/embereye /opt/embereye
COPY --from=build /app/embereye_addon /app/embereye_addon
COPY LICENSE /app/LICENSE
WORKDIR /app

VOLUME /data
EXPOSE 8099 9001
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8099/health', timeout=4)"]
CMD ["python", "-m", "embereye_addon"]
