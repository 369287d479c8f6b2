# make demo   JupyterLab with the quickstart notebook
# make test   the tests; `make test TESTS=tests/unit` runs some, PYTEST_ARGS="-k name -x" goes to pytest
# make test-all   with those marked as long, too: an hour and more
# make lint   what has to be clean          make fix   formats, and takes the outputs out of the notebooks
# make bench  the benchmarks
#
# PYTHON names the interpreter that makes the environment, 3.10 or newer. The environment is .venv; `make clean` removes it. The front
# end of the run browser is built from its sources, with the Node.js on PATH, or one that is put into the environment.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TESTS ?= tests
PYTEST_ARGS ?=
MARKED ?= not long
# A file's tests stay together, for what they share is started once; `make test WORKERS=` runs all in one process.
WORKERS ?= -n logical --maxprocesses 4 --dist loadfile
BENCH_ARGS ?=
QUICKSTART := notebooks/01-quickstart.ipynb

# One environment for all targets, the package installed editable: what runs is always what stands in this folder.
DEMO_READY := $(VENV)/.ready-for-demo
DEV_READY := $(VENV)/.ready-for-development

# The programs of the environment first: `jlpm`, `jupyter-builder`, and `node` where it had to be fetched.
WITH_NODE := PATH='$(CURDIR)/$(BIN)':"$$PATH"
FRONT_END := aml_widgets/_labextension/package.json
FRONT_END_LINKED := $(VENV)/.front-end-linked
FRONT_END_SOURCES := package.json yarn.lock labextension/tsconfig.json aml_widgets/server/api.schema.json \
	$(shell find labextension/src labextension/style labextension/schema -type f ! -path labextension/src/api/schema.ts)

# JupyterLab asks in a pop-up whether it may fetch news; this environment is not asked, and nothing is fetched.
NO_NEWS := $(BIN)/jupyter labextension disable --level=sys_prefix @jupyterlab/apputils-extension:announcements >/dev/null 2>&1 || \
	echo "The pop-up about news stays: it could not be switched off." >&2

.NOTPARALLEL:  # the environment is made once
.PHONY: demo test test-all lint fix bench front-end chromium postgresql clean

demo: $(DEMO_READY) $(FRONT_END_LINKED)
	@echo "Starting JupyterLab. Open the address that it prints next in a browser; Ctrl-C ends it."
	@exec $(BIN)/jupyter lab --no-browser --log-level=ERROR --ServerApp.answer_yes=True \
		--ServerApp.root_dir='$(CURDIR)' --LabApp.default_url='/lab/tree/$(QUICKSTART)' \
		$(if $(filter 0,$(shell id -u)),--allow-root)

test: $(DEV_READY) $(FRONT_END_LINKED) chromium postgresql
	$(WITH_NODE) $(BIN)/jlpm test
	$(BIN)/python -m pytest $(WORKERS) -m '$(MARKED)' $(TESTS) $(PYTEST_ARGS)

test-all: MARKED :=
test-all: test

lint: $(DEV_READY) $(FRONT_END_LINKED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m numpydoc.hooks.validate_docstrings $$(find aml_widgets -name '*.py')
	$(WITH_NODE) $(BIN)/jlpm lint

fix: $(DEV_READY) $(FRONT_END_LINKED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(WITH_NODE) $(BIN)/jlpm lint:fix
	$(WITH_NODE) $(BIN)/jlpm format
	$(BIN)/jupyter nbconvert --clear-output --inplace notebooks/*.ipynb

bench: $(DEV_READY) $(FRONT_END_LINKED) chromium
	$(BIN)/python -m benchmarks $(BENCH_ARGS)

chromium:
	@.ci/get-chromium

postgresql:
	@.ci/get-postgresql

clean:
	rm -rf $(VENV) node_modules labextension/lib aml_widgets/_labextension .yarn .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(BIN)/python:
	@.ci/make-venv $(PYTHON) $(VENV)

front-end: $(FRONT_END_LINKED)

# `tsc` is part of the build: sources whose types are wrong are not built.
$(FRONT_END): $(FRONT_END_SOURCES) | $(DEMO_READY)
	@.ci/get-node $(VENV)
	$(WITH_NODE) $(BIN)/jlpm install
	$(WITH_NODE) $(BIN)/jlpm build
	@touch $@

# What is built is the folder's, the link to it the environment's: `pip install .` builds without this environment.
$(FRONT_END_LINKED): $(FRONT_END) | $(DEMO_READY)
	@.ci/get-node $(VENV)
	$(WITH_NODE) $(BIN)/jlpm install
	$(WITH_NODE) $(BIN)/jupyter-builder develop . --overwrite
	@touch $@

# Installed without the front end, which is built above, and linked.
INSTALL := SKIP_JUPYTER_BUILDER=1 $(BIN)/python -m pip install --quiet

$(DEMO_READY): pyproject.toml package.json hatch_build.py | $(BIN)/python
	$(INSTALL) --editable '.[lab]' --group notebooks --group front-end
	@$(NO_NEWS)
	@touch $@

$(DEV_READY): pyproject.toml package.json hatch_build.py | $(BIN)/python
	$(INSTALL) --editable '.[lab]' --group dev
	@$(NO_NEWS)
	@touch $@ $(DEMO_READY)
