# Thin on purpose: every command also stands in README.md.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

export OMP_NUM_THREADS ?= 1

.PHONY: quickstart test check bench docs clean

quickstart: $(STAMP)
	$(BIN)/gridloom run scenarios/quickstart.yaml

test: $(STAMP)
	$(BIN)/python -m pytest -n auto --dist loadfile

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/numpydoc lint $$(git ls-files 'sim/*.py' 'forecasting/*.py')

bench: $(STAMP)
	$(BIN)/python -m pytest -m bench tests/bench -s

docs: $(STAMP)
	$(BIN)/gridloom schema --reference scenarios/README.md

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -c "import sys; sys.exit('Gridloom needs Python 3.11 or newer; try: make PYTHON=python3.12 quickstart' if sys.version_info < (3, 11) else 0)"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[test]"
	touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info
