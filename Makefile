# Everything here works from a clean checkout and may be called again at any time. `make help` lists the targets.
#
# The environment is the platform's own (CONTRIBUTING.md lists it): PORT, HOST, SERVER, DATABASE_URL,
# REDIS_URL, … Generated secrets and local data live under var/.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
PIP := -m pip install --quiet --disable-pip-version-check --no-input --require-hashes
FAST := not slow and not browser and not sdk and not schema

# Further arguments for pytest and for the benchmarks: `make test ARGS="-k typing"`.
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help run test test-unit test-rest bench lint format lock install install-dev sdk clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: install ## Serve everything on http://localhost:$PORT (8000) until SIGTERM, with a demo organisation
	@$(BIN)/python manage.py migrate --verbosity 0
	@$(BIN)/python manage.py demo
	@EMBEDDED_WORKER="$${EMBEDDED_WORKER:-1}" exec $(BIN)/python -m deploy.serve

test: install-dev sdk ## Run the whole suite, on the embedded default or on DATABASE_URL and REDIS_URL
	@$(BIN)/python -m pytest $(ARGS)

test-unit: install-dev ## Run the fast part: no browser, no official client, no fuzzing, nothing slow
	@$(BIN)/python -m pytest -m "$(FAST)" $(ARGS)

test-rest: install-dev sdk ## Run everything but what drives a browser or fuzzes
	@$(BIN)/python -m pytest -m "not browser and not schema" $(ARGS)

bench: install-dev ## Measure the platform on DATABASE_URL and REDIS_URL
	@$(BIN)/python -m benchmarks $(ARGS)

lint: install-dev ## Check style, types, who imports whom, templates and migrations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/djlint --check --lint .
	$(BIN)/python manage.py makemigrations --check --dry-run

format: install-dev ## Put code and templates into the project's style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/djlint --reformat --quiet .

lock: install-dev ## Lock the newest versions that requirements/*.in allows
	requirements/lock $(ARGS)

install: $(BIN)/.runtime ## Install what a running installation needs
install-dev: $(BIN)/.dev ## Install what tests and checks need, too
sdk: .venv-sdk/0.4.1/.installed .venv-sdk/0.4.2/.installed ## Install the official client, one environment per release

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name one with PYTHON=…")'
	@$(PYTHON) -m venv .venv

$(BIN)/.runtime: requirements/runtime.txt | $(BIN)/python
	@echo "Installing the runtime dependencies into .venv …"
	@$(BIN)/python $(PIP) --requirement $<
	@touch $@

$(BIN)/.dev: requirements/dev.txt requirements/runtime.txt | $(BIN)/python
	@echo "Installing the development dependencies into .venv …"
	@$(BIN)/python $(PIP) --requirement $<
	@touch $(BIN)/.runtime $@

.venv-sdk/%/.installed: requirements/sdk-%.txt
	@echo "Installing lc-sdk-python $* into $(@D) …"
	@$(PYTHON) -m venv --clear $(@D)
	@$(@D)/bin/python $(PIP) --requirement $<
	@touch $@

clean: ## Remove the environments and caches; var/ with its data stays
	rm -rf .venv .venv-sdk .pytest_cache .mypy_cache .ruff_cache .hypothesis .schemathesis
