# The two commands of a newcomer are `make run` and `make test`. Needs Python 3.11 to 3.13, pip and make; nothing else.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
RUN    := $(VENV)/.run
DEV    := $(VENV)/.dev
HEAR   := $(VENV)/.hear

.PHONY: help run test explore check lint types imports cover bench hear build clean

help:            ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(BIN)/python:
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(not (3, 11) <= v[:2] <= (3, 13))' || \
	  { echo "Sayso needs Python 3.11, 3.12 or 3.13; name one with: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(RUN): pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[kokoro]'
	@touch $@

$(DEV): pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[kokoro,indextts,dev]'
	@touch $@

$(HEAR): $(DEV)
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[kokoro,indextts,dev,hear]'
	@touch $@

run: $(RUN)      ## set up and start Sayso
	$(BIN)/sayso run

test: $(DEV)     ## set up and run the tests
	$(BIN)/pytest -q -n 2

explore: $(DEV)  ## the property tests with new examples, many of them
	HYPOTHESIS_PROFILE=explore $(BIN)/pytest -q -n 2

check: lint types imports cover build ## what CI runs

lint: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(DEV)
	$(BIN)/mypy

imports: $(DEV)
	$(BIN)/lint-imports --no-cache

cover: $(DEV)
	$(BIN)/pytest -q -n 2 --cov --cov-report=term:skip-covered --cov-fail-under=90

build: $(DEV)    ## the wheel, and a sentence spoken from it
	$(BIN)/python -m build --wheel --outdir dist . >/dev/null
	$(BIN)/python .ci/wheel.py dist

bench: $(DEV)    ## figures, with the machine
	$(BIN)/python -m bench

hear: $(HEAR)    ## speak, and have a speech recogniser write down what it hears
	$(BIN)/python -m bench.hear
	$(BIN)/python -m bench.discord_hear
	$(BIN)/python -m bench.telegram_hear

clean:           ## everything that the other commands made
	rm -rf $(VENV) dist build .coverage* .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info
