# Every target makes .venv where there is none; PYTHON chooses the interpreter that makes it (3.11 or newer).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
RECORD := demo-record

.PHONY: demo test check docs clean

# A whole election on published figures, every role played, and then its verification from the record alone.
demo: $(VENV)/.installed
	rm -rf $(RECORD)
	$(BIN)/secretballot demo --out $(RECORD)
	$(BIN)/secretballot verify $(RECORD)

# Everything that must hold before a change goes in.
test: check
	$(BIN)/pytest -n 2 --cov=secretballot --cov-branch --cov-report=term-missing:skip-covered

check: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

docs: $(VENV)/.installed-docs
	$(BIN)/sphinx-build -W --keep-going -b html docs docs/_build

# What the other targets made, the virtual environment included.
clean:
	rm -rf $(VENV) $(RECORD) build dist docs/_build .coverage .coverage.* .hypothesis
	rm -rf .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps: an installation is made anew when pyproject.toml changes.
$(VENV)/.installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed (set PYTHON)" if sys.version_info < (3, 11) else 0)'
	test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV)
	$(PIP) -e .
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(PIP) -e '.[dev]'
	touch $@

$(VENV)/.installed-docs: $(VENV)/.installed
	$(PIP) -e '.[docs]'
	touch $@
