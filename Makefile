# Two commands are enough: `make demo` and `make test`. Everything else is for daily work.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SITE ?= site.yaml

.PHONY: demo run test check quick fmt golden system soak bench-pf bench-vision fuzz fuzz-keep lock clean

$(VENV)/run.done: requirements/run.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "EmberEye needs Python 3.11 or newer; name one with make PYTHON=python3.12"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the locked packages (once, a minute or two) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.txt
	@touch $@

$(VENV)/dev.done: requirements/dev.txt $(VENV)/run.done
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

demo: $(VENV)/run.done ## the main job on a demo site: two cameras, two PF devices, a staged fire
	@$(BIN)/python -m embereye_addon demo $(ARGS)

run: $(VENV)/run.done ## the same program on your own site file: make run SITE=site.yaml
	@$(BIN)/python -m embereye_addon --site $(SITE) $(ARGS)

WORKERS ?= 2
test: $(VENV)/dev.done ## every test that needs nothing but this checkout
	@rm -f .coverage .coverage.*
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal --cov --cov-report= $(ARGS)
	@$(BIN)/coverage combine -q 2>/dev/null || true
	@$(BIN)/coverage report --fail-under=90 --skip-covered --sort=cover
	@$(BIN)/coverage report --fail-under=100 --include='*/messages/*,*/fuse/*,*/alarm/*,*/pf/packets.py,*/pf/session.py,*/pf/tags.py,*/pf/unit.py'

quick: $(VENV)/dev.done
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/codespell

check: quick ## everything CI asks for, but the system tests
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(MAKE) --no-print-directory test

fmt: $(VENV)/dev.done
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

golden: $(VENV)/dev.done ## rewrite the expectations; review the difference
	@EMBEREYE_GOLDEN=write $(BIN)/python -m pytest tests -k golden

system: $(VENV)/dev.done ## real Mosquitto, GStreamer RTSP server, Home Assistant and Chromium
	@bash tests/system/setup_homeassistant.sh || test $$? = 3
	@$(BIN)/python -m pytest -m system --override-ini addopts="-q --strict-markers -p no:randomly" tests/system $(ARGS)

CAMERAS ?= 5
FPS ?= 25
DEVICES ?= 5
HZ ?= 10
MINUTES ?= 10
soak: $(VENV)/dev.done ## a measured load: make soak CAMERAS=5 FPS=25 DEVICES=5 HZ=10 MINUTES=10
	@$(BIN)/python -m embereye_addon soak --cameras $(CAMERAS) --fps $(FPS) --devices $(DEVICES) --hz $(HZ) --minutes $(MINUTES) $(ARGS)

SECONDS ?= 60
TARGETS ?= packets session half_duplex thermometry commands
FUZZ_VENV := .venv-fuzz
fuzz: ## coverage-guided fuzzing, SECONDS a target: make fuzz SECONDS=600 TARGETS="packets session"
	@$(PYTHON) -c 'import platform, sys; sys.exit(not (sys.platform == "linux" and platform.machine() == "x86_64" and (3, 11) <= sys.version_info < (3, 15)))' \
	  || { echo "make fuzz is skipped: atheris is only to be had for CPython 3.11 to 3.14 on Linux x86-64"; exit 0; } \
	  && $(MAKE) --no-print-directory $(FUZZ_VENV)/done && for target in $(TARGETS); do \
	    nice -n 10 $(FUZZ_VENV)/bin/python -m tests.fuzz.run $$target $(SECONDS) || exit 1; done

$(FUZZ_VENV)/done: requirements/fuzz.txt
	@test -x $(FUZZ_VENV)/bin/python || $(PYTHON) -m venv $(FUZZ_VENV)
	@$(FUZZ_VENV)/bin/pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements/fuzz.txt
	@touch $@

fuzz-keep: $(VENV)/dev.done ## take what the fuzzer found into the kept corpus, minimised
	@for target in $(TARGETS); do $(BIN)/python -m tests.fuzz.run --keep $$target || exit 1; done

bench-pf: $(VENV)/dev.done ## 100 PF devices at 10 Hz into one core, a burst, then strangers: make bench-pf ARGS="--devices 50"
	@$(BIN)/python -m embereye_addon bench-pf --settle 40 $(ARGS)

bench-vision: $(VENV)/dev.done ## 80 cameras into the detector's own path, beside cv2 and ffmpeg: make bench-vision ARGS="--cameras 4 --seconds 10"
	@$(BIN)/python -m embereye_addon bench-vision $(ARGS)

lock: $(VENV)/dev.done ## renew the locks after a change of pyproject.toml
	@$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-header -q pyproject.toml --extra demo -o requirements/run.txt
	@$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-header -q pyproject.toml --extra demo --group dev -o requirements/dev.txt
	@$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-header -q -c requirements/run.txt requirements/fuzz.in -o requirements/fuzz.txt

clean:
	@rm -rf $(VENV) $(FUZZ_VENV) .mypy_cache .ruff_cache .pytest_cache .coverage*
