# Two commands are enough: `make demo` and `make test`. Everything else is for daily work.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SITE ?= site.yaml

.PHONY: demo run test check quick fmt golden system soak lock clean

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

test: $(VENV)/dev.done ## every test that needs nothing but this checkout
	@rm -f .coverage .coverage.*
	@$(BIN)/python -m pytest --cov --cov-report= $(ARGS)
	@$(BIN)/coverage combine -q 2>/dev/null || true
	@$(BIN)/coverage report --fail-under=90 --skip-covered --sort=cover
	@$(BIN)/coverage report --fail-under=100 --include='*/messages.py,*/fuse/*,*/alarm/*,*/pf/packets.py,*/pf/session.py'

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

system: $(VENV)/dev.done ## real Mosquitto, GStreamer RTSP server and Home Assistant
	@bash tests/system/setup_homeassistant.sh || test $$? = 3
	@$(BIN)/python -m pytest -m system --override-ini addopts="-q --strict-markers -p no:randomly" tests/system $(ARGS)

CAMERAS ?= 5
FPS ?= 25
DEVICES ?= 5
HZ ?= 10
MINUTES ?= 10
soak: $(VENV)/dev.done ## a measured load: make soak CAMERAS=5 FPS=25 DEVICES=5 HZ=10 MINUTES=10
	@$(BIN)/python -m embereye_addon soak --cameras $(CAMERAS) --fps $(FPS) --devices $(DEVICES) --hz $(HZ) --minutes $(MINUTES) $(ARGS)

lock: $(VENV)/dev.done ## renew the locks after a change of pyproject.toml
	@$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-header -q pyproject.toml --extra demo -o requirements/run.txt
	@$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-header -q pyproject.toml --extra demo --group dev -o requirements/dev.txt

clean:
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .coverage*
