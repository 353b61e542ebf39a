# Every target makes .venv where there is none; PYTHON chooses the interpreter that makes it (3.11 or newer).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
# Processes that test: one more than there are cores, since some of the tests wait for a disk or for others.
JOBS ?= $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) + 1)))
RECORD := demo-record
RESULTS := benchmarks/results
# Elections that `make bench` measures: GROWTH is the voters of each of one shape. ELECTIONGUARD is an interpreter that has it.
GROWTH ?= 100 1000 10000
ELECTIONGUARD ?=
KILLS ?= 1000
# Seconds for each target that is fuzzed.
SECONDS ?= 60

.PHONY: demo test faults fuzz check check-python check-rust docs bench bench-micro clean

# A whole election on published figures, every role played, and then its verification from the record alone.
demo: $(VENV)/.installed
	rm -rf $(RECORD)
	$(BIN)/secretballot demo --out $(RECORD)
	$(BIN)/secretballot verify $(RECORD)

# Everything that must hold before a change goes in.
test: check
	$(BIN)/pytest -n $(JOBS) --cov=secretballot --cov-branch --cov-report=term-missing:skip-covered

# The tests of faults at length: KILLS of boards on each store, and every step of every command. `make test` has 200 and a part.
faults: $(VENV)/.installed-dev
	SECRETBALLOT_FAULTS=$(KILLS) $(BIN)/pytest -n $(JOBS) tests/fault

# Generated inputs for every parser and for whole records, SECONDS for each; what is a finding stays in fuzz-corpus.
fuzz: $(VENV)/.installed-dev
	$(BIN)/python -m tests.fuzz --seconds $(SECONDS) --corpus fuzz-corpus

check: $(VENV)/.installed-dev
	$(MAKE) --no-print-directory --output-sync=target -j2 check-python check-rust

check-python:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

# The native backend is optional: where there is no cargo, or none of its linters, its checks are left out, and say so.
check-rust:
	@if ! command -v cargo >/dev/null; then echo "no cargo: the native backend is neither built nor checked"; \
	elif ! cargo fmt --version >/dev/null 2>&1 || ! cargo clippy --version >/dev/null 2>&1; then \
	  echo "no rustfmt or clippy: the native backend is built, not linted"; cd src/rust && cargo test --quiet --release; \
	else cd src/rust && cargo fmt --check && cargo clippy --quiet --release --all-targets -- -D warnings \
	  && cargo test --quiet --release; fi

# Warnings are errors. Much of the reference is made from the code (docs/_ext/generated.py).
docs: $(VENV)/.installed-docs
	$(BIN)/sphinx-build -W --keep-going -b html docs docs/_build

# What an election costs, into benchmarks/results: some ten minutes. docs/howto/measure.md says what the figures mean.
bench: bench-micro
	$(BIN)/python -m benchmarks scenario --voters 100 1000 --officials 4 44 --json $(RESULTS)/scenario.json
	$(BIN)/python -m benchmarks growth --voters $(GROWTH) --json $(RESULTS)/growth.json --svg $(RESULTS)/growth.svg
	$(BIN)/python -m benchmarks peers --json $(RESULTS)/peers.json $(if $(ELECTIONGUARD),--electionguard $(ELECTIONGUARD))

bench-micro: $(VENV)/.installed-bench
	mkdir -p $(RESULTS)
	$(BIN)/pytest benchmarks/micro --benchmark-columns=median,iqr,ops --benchmark-sort=name --benchmark-json=$(RESULTS)/micro.json

# What the other targets made, the virtual environment included.
clean:
	rm -rf $(VENV) $(RECORD) fuzz-corpus build dist docs/_build $(RESULTS) src/rust/target src/secretballot/crypto/group/_native*.so .coverage .coverage.* .hypothesis
	rm -rf .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps: an installation is made anew when pyproject.toml changes.
$(VENV)/.installed: pyproject.toml setup.py src/rust/Cargo.toml $(wildcard src/rust/src/*.rs)
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed (set PYTHON)" if sys.version_info < (3, 11) else 0)'
	test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV)
	$(PIP) -e .
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(PIP) -e '.[dev]'
	touch $@

$(VENV)/.installed-bench: $(VENV)/.installed
	$(PIP) -e '.[bench]'
	touch $@

$(VENV)/.installed-docs: $(VENV)/.installed
	$(PIP) -e '.[docs]'
	touch $@
