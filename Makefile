# Everything here works from a clean checkout and may be called again at any time. `make help` lists the targets.
#
# The environment is the platform's own (CONTRIBUTING.md lists it): PORT, HOST, SERVER, DATABASE_URL,
# REDIS_URL, … Generated secrets and local data live under var/.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
PIP := -m pip install --quiet --disable-pip-version-check --no-input --require-hashes
FAST := not slow and not browser and not sdk and not schema
SERVERS := (slow or sdk or schema) and not browser

# Further arguments for pytest and for the benchmarks: `make test ARGS="-k typing"`.
ARGS ?=

# How many processes run the fast tests, and how many those that start servers and browsers of their own: three for four
# cores. A folder for reports of the tests' runs.
WORKERS ?= auto
SLOW_WORKERS ?= $(shell expr \( 3 \* $$(getconf _NPROCESSORS_ONLN) + 2 \) / 4)
REPORTS ?=
report = $(if $(REPORTS),--junitxml=$(REPORTS)/$(1).xml -o junit_logging=no)

# pytest ends with 5 where ARGS leave no test over.
pytest = $(BIN)/python -m pytest -m "$(2)" -n $(3) $(call report,$(1)) $(ARGS) || test $$? -eq 5

.DEFAULT_GOAL := help
.PHONY: help run test test-unit test-servers test-browser bench lint format lock install install-dev sdk clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: install ## Serve everything on http://localhost:$PORT (8000) until SIGTERM, with a demo organisation
	@$(BIN)/python manage.py migrate --verbosity 0
	@$(BIN)/python manage.py demo
	@EMBEDDED_WORKER="$${EMBEDDED_WORKER:-1}" exec $(BIN)/python -m deploy.serve

test: test-unit test-servers test-browser ## Run the whole suite, on the embedded default or on DATABASE_URL and REDIS_URL

test-unit: install-dev ## Run the fast part: no browser, no official client, no fuzzing, nothing slow
	@$(call pytest,fast,$(FAST),$(WORKERS))

test-servers: install-dev sdk ## Run what starts servers of its own: official clients, fuzzing, faults, all that is slow
	@$(call pytest,servers,$(SERVERS),$(SLOW_WORKERS) --dist loadfile)

test-browser: install-dev sdk ## Run what drives Chromium
	@$(call pytest,browser,browser,$(SLOW_WORKERS) --dist loadfile)

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
sdk: .venv-sdk/0.4.1/.installed .venv-sdk/0.4.2/.installed tests/js/node_modules/.installed ## Install the official clients

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

tests/js/node_modules/.installed: tests/js/package-lock.json tests/js/package.json
	@command -v npm >/dev/null || { echo "Node.js with npm is needed to test with the official JavaScript clients."; exit 1; }
	@echo "Installing the official JavaScript clients into $(@D) …"
	@cd tests/js && npm ci --ignore-scripts --loglevel=error >/dev/null
	@touch $@

clean: ## Remove the environments and caches; var/ with its data stays
	rm -rf .venv .venv-sdk tests/js/node_modules .pytest_cache .mypy_cache .ruff_cache .hypothesis .schemathesis
