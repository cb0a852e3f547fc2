# The program's front door. Each target does what it needs, from nothing.
SHELL := /bin/bash
.DEFAULT_GOAL := help
# Modules are compiled once, not at every start.
unexport PYTHONDONTWRITEBYTECODE
export CHRISLIB_PLUGIN_ENVS ?= $(CURDIR)/build/plugin-envs
PY := .venv/bin/python
# Tests mostly wait for processes: more workers than processors are no waste.
WORKERS ?= 3

.PHONY: help run test check tour bench soak lock clean

help:
	@echo "make run     open chrislib on the embedded station (no display: plays the tour)"
	@echo "make test    run the tests"
	@echo "make check   lint, types, import contracts"
	@echo "make tour    play the main story in a real window, pictures in build/tour/"
	@echo "make soak    kill it hundreds of times and count what was lost (40 minutes)"
	@echo "make bench   measure against peers, results in build/bench/results.json"

run:
ifeq ($(shell uname -s),Linux)
	@if [ -z "$$DISPLAY$$WAYLAND_DISPLAY" ]; then \
	  echo "There is no display here, so chrislib plays its tour instead."; \
	  $(MAKE) --no-print-directory tour && \
	  echo "Its pictures are in build/tour/."; \
	else .ci/setup run && .venv/bin/chrislib run; fi
else
	@.ci/setup run && .venv/bin/chrislib run
endif

# Sorted by how many tests a file has, the long ones of few tests would come last and
# leave workers idle; in their own order the quick unit tests end the run.
test:
	@.ci/setup tour
	@$(PY) -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

check:
	@.ci/setup tour
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@$(PY) -m mypy
	@.venv/bin/lint-imports --no-logo 2>/dev/null || .venv/bin/lint-imports

tour:
	@.ci/setup tour
	@$(PY) tests/e2e/tour/run.py

bench:
	@.ci/setup tour
	@$(PY) tests/bench/run.py

soak:
	@.ci/setup tour
	@$(PY) tests/soak/run.py

# Needs uv. Writes hashes, and neither an index nor a host.
lock:
	uv pip compile pyproject.toml --group dev --universal --generate-hashes \
	  --no-emit-index-url --no-header --no-annotate --python-version 3.11 \
	  -o .ci/requirements.lock

clean:
	rm -rf build .venv .mypy_cache .ruff_cache .pytest_cache
