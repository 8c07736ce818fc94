# `make test` checks the code in about twelve minutes on two cores; `.ci/run` checks all, slow tests too.
# `make demo` is the quickest look at it.

PYTHON ?= $(shell python3.11 -c 'print("python3.11")' 2>/dev/null || echo python3)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
OLDEST := .venv-oldest
OLDEST_STAMP := $(OLDEST)/.installed
BENCHMARKS := $(filter-out benchmarks/_%,$(sort $(wildcard benchmarks/*.py)))
# A process that has done its share takes over tests of another's: some take a minute.
TESTS := -m pytest -n logical --dist worksteal -W error

.PHONY: demo test coverage test-oldest lint shells docs bench clean

demo: $(STAMP)
	$(BIN)/python examples/demo.py

# The nets of tests are small: a thread for each process, and a process for each core.
test: $(STAMP)
	OMP_NUM_THREADS=1 $(BIN)/python $(TESTS) -m "not slow" --doctest-modules sklearn_3mtl tests

# All tests, the slow ones and the examples too, and which branches none takes: half an hour.
coverage: $(STAMP)
	OMP_NUM_THREADS=1 $(BIN)/python $(TESTS) --cov --cov-fail-under=95 --doctest-modules sklearn_3mtl tests

# The package with the oldest versions that it claims.
test-oldest: $(OLDEST_STAMP)
	OMP_NUM_THREADS=1 $(OLDEST)/bin/python $(TESTS) -m "not slow" tests

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
	rm -rf $(VENV) $(OLDEST) .coverage* site build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis examples/output
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# torch goes first, so that its exact build is settled before anything that depends on it.
$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -c constraints.txt torch==2.13.0
	$(BIN)/pip install -c constraints.txt -e ".[dev,docs,plot,polars,skops,tabm]"
	touch $@

$(OLDEST_STAMP): pyproject.toml constraints-oldest.txt
	$(PYTHON) -m venv $(OLDEST)
	$(OLDEST)/bin/pip install -c constraints-oldest.txt torch==2.13.0
	$(OLDEST)/bin/pip install -c constraints-oldest.txt -e ".[test,skops,tabm]"
	touch $@
