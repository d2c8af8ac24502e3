# Two commands for users: `make demo` and `make test`. Everything lives in .venv and build/.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STATIC := build/static/policy_engine

.DEFAULT_GOAL := help
.PHONY: help demo test lint schemas conformance clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "sod-policy needs Python 3.11 or newer; set PYTHON=/path/to/python3.11" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip

# A stamp per kind of installation, renewed when the packaging changes.
$(VENV)/.installed: $(BIN)/python pyproject.toml
	@# setuptools warns that ./policy_engine may hide the package; import hooks see to that (decision 001)
	PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --group dev
	@touch $@

demo: $(VENV)/.installed ## install into .venv and let the example bundle decide real commands
	$(BIN)/sod-policy demo

test: $(VENV)/.installed-dev ## install what the tests need, then run them all
	$(BIN)/python -m pytest --numprocesses=auto

# Static tools follow folders, not import hooks: show them a copy laid out as the wheel will be.
$(STATIC): FORCE
	@rm -rf $@ && mkdir -p $@
	@cp -R policy_engine/. $@/
	@for folder in rego parsers cli examples; do cp -R $$folder $@/$$folder; done

lint: $(VENV)/.installed-dev $(STATIC) ## ruff, mypy --strict, import-linter, schemas up to date
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	cd build/static && ../../$(BIN)/mypy --strict --config-file ../../pyproject.toml -p policy_engine
	cd build/static && ../../$(BIN)/lint-imports --config ../../pyproject.toml
	$(BIN)/python -m policy_engine.schemas --check docs

conformance: $(VENV)/.installed-dev ## OPA's conformance cases through our Rego engine, by category
	$(BIN)/python tests/rego/conformance.py

schemas: $(VENV)/.installed ## write docs/schemas/ and docs/vocabulary.md from the code
	$(BIN)/python -m policy_engine.schemas docs

clean: ## remove the environment and everything built
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache *.egg-info

FORCE:
