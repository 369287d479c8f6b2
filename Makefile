# make demo   JupyterLab with the quickstart notebook
# make test   every test; `make test TESTS=tests/unit` runs some, PYTEST_ARGS="-k name -x" goes to pytest
# make lint   what has to be clean          make fix   formats, and takes the outputs out of the notebooks
# make bench  the benchmarks
#
# PYTHON names the interpreter that makes the environment, 3.10 or newer. The environment is .venv; `make clean` removes it.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TESTS ?= tests
PYTEST_ARGS ?=
BENCH_ARGS ?=
QUICKSTART := notebooks/01-quickstart.ipynb

# One environment for all targets, the package installed editable: what runs is always what stands in this folder.
DEMO_READY := $(VENV)/.ready-for-demo
DEV_READY := $(VENV)/.ready-for-development

# JupyterLab asks in a pop-up whether it may fetch news; this environment is not asked, and nothing is fetched.
NO_NEWS := $(BIN)/jupyter labextension disable --level=sys_prefix @jupyterlab/apputils-extension:announcements >/dev/null 2>&1 || \
	echo "The pop-up about news stays: it could not be switched off." >&2

.PHONY: demo test lint fix bench chromium clean

demo: $(DEMO_READY)
	@echo "Starting JupyterLab. Open the address that it prints next in a browser; Ctrl-C ends it."
	@exec $(BIN)/jupyter lab --no-browser --log-level=ERROR --ServerApp.answer_yes=True \
		--ServerApp.root_dir='$(CURDIR)' --LabApp.default_url='/lab/tree/$(QUICKSTART)' \
		$(if $(filter 0,$(shell id -u)),--allow-root)

test: $(DEV_READY) chromium
	$(BIN)/python -m pytest $(TESTS) $(PYTEST_ARGS)

lint: $(DEV_READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m numpydoc.hooks.validate_docstrings $$(find aml_widgets -name '*.py')

fix: $(DEV_READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/jupyter nbconvert --clear-output --inplace notebooks/*.ipynb

bench: $(DEV_READY)
	$(BIN)/python -m benchmarks $(BENCH_ARGS)

chromium:
	@.ci/get-chromium

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(BIN)/python:
	@.ci/make-venv $(PYTHON) $(VENV)

$(DEMO_READY): pyproject.toml package.json | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[lab]' --group notebooks
	@$(NO_NEWS)
	@touch $@

$(DEV_READY): pyproject.toml package.json | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[lab]' --group dev
	@$(NO_NEWS)
	@touch $@ $(DEMO_READY)
