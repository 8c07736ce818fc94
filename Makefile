# `make test` is the whole check of the code; `make demo` is the quickest look at it.

PYTHON ?= $(shell python3.11 -c 'print("python3.11")' 2>/dev/null || echo python3)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
BENCHMARKS := $(filter-out benchmarks/_%,$(sort $(wildcard benchmarks/*.py)))

.PHONY: demo test lint shells docs bench clean

demo: $(STAMP)
	$(BIN)/python examples/demo.py

# The nets of tests are small: a thread for each process, and a process for each core.
test: $(STAMP)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n logical -W error --doctest-modules sklearn_3mtl tests

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Signatures and docstrings of the estimators, from the table in sklearn_3mtl/settings/parameters.
shells: $(STAMP)
	$(BIN)/python tools/write_shells.py

docs: $(STAMP)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

bench: $(STAMP)
	@set -e; for script in $(BENCHMARKS); do \
		echo "== $$script"; \
		$(BIN)/python "$$script"; \
	done

clean:
	rm -rf $(VENV) site build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis examples/output
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# torch goes first, so that its exact build is settled before anything that depends on it.
$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -c constraints.txt torch==2.13.0
	$(BIN)/pip install -c constraints.txt -e ".[dev,docs,plot,polars,skops,tabm]"
	touch $@
