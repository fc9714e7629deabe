# `make run` and `make test` install whatever they need; a second run starts at once.

VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python

# The machine's own Python, 3.11 or newer; only asked for when the environment is made.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)

PO := $(wildcard webhooks_ui/translations/*/LC_MESSAGES/*.po)
MO := $(PO:.po=.mo)

INSTALLED := $(VENV)/.installed
POSTGRES_INSTALLED := $(VENV)/.postgres-installed
TEST_INSTALLED := $(VENV)/.test-installed
TESTS_COMPILED := $(VENV)/.tests-compiled
PACKAGING := pyproject.toml hatch_build.py

# Workers of the test run; ARGS goes to pytest: make test ARGS="-k sign_in -x"
JOBS ?= 3
ARGS ?=

# Compiled once, also where Python is told not to write bytecode: many tests start the program.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help run test test-quick provide compiled crash bench check types rules house format translations docs demo screenshots clean

help:
	@echo "make run           serve console and worker on http://127.0.0.1:8000"
	@echo "make test          every test, the browser's too (ARGS=… goes to pytest)"
	@echo "make test-quick    the tests without browser, PostgreSQL and other processes"
	@echo "make bench         the benchmarks, as a table and as JSON"
	@echo "make crash         kill -9 server and workers 25 times on each database, and count"
	@echo "make check         formatter, linter, types, import rules, translations, generated docs"
	@echo "make house         sizes, layers and circles of the code against their limits"
	@echo "make format        format the code and mend what the linter can"
	@echo "make translations  bring new and changed texts into the .po files"
	@echo "make docs          write the generated docs anew"
	@echo "make demo          a console with weeks of history and live events, in instance/demo (ARGS=--help)"
	@echo "make screenshots   take the pictures of docs/screenshots anew"
	@echo "make clean         remove the environment and every cache; data in instance/ stays"

# The driver of PostgreSQL, where the setting asks for it; `value` leaves a $ of a password alone.
DATABASE := $(value WEBHOOKS_UI_DATABASE_URL)$(if $(WEBHOOKS_UI_DATABASE_URL_FILE),$(shell cat "$$WEBHOOKS_UI_DATABASE_URL_FILE"))

run: $(INSTALLED) $(MO) $(if $(filter postgres%,$(DATABASE)),$(POSTGRES_INSTALLED))
	@exec $(PY) -m webhooks_ui serve

# tests/conftest.py says which tests stay together and which begin first.
PYTEST = $(PY) -m pytest -n $(JOBS) --dist loadgroup --no-loadscope-reorder

test: $(TEST_INSTALLED) $(MO) provide compiled
	$(PYTEST) $(ARGS)

test-quick: $(TEST_INSTALLED) $(MO) compiled
	HYPOTHESIS_PROFILE=quick $(PYTEST) --ignore=tests/browser -m "not postgres and not process" $(ARGS)

# A browser, PostgreSQL and the like.
provide: $(TEST_INSTALLED)
	@$(PY) tools/provide.py

compiled: $(TESTS_COMPILED)

bench: $(TEST_INSTALLED) $(MO) provide
	$(PY) -m bench $(ARGS)

crash: $(TEST_INSTALLED) $(MO) provide
	CRASH_ROUNDS=25 $(PY) -m pytest tests/engine/test_crash.py $(ARGS)

# Types take as long as all the rest, so the rest goes on beside them; the tests, which come next in
# CI, are compiled meanwhile.
check: $(TEST_INSTALLED)
	@$(MAKE) --no-print-directory --jobs=2 types rules compiled

types:
	$(BIN)/mypy

rules:
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports --no-logo
	$(PY) tools/translations.py check
	$(PY) -m webhooks_ui.settings.table --check docs/settings.md

house: $(TEST_INSTALLED)
	@$(PY) -m tools.house

format: $(TEST_INSTALLED)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

translations: $(TEST_INSTALLED)
	$(PY) tools/translations.py update

docs: $(INSTALLED)
	$(PY) -m webhooks_ui.settings.table > docs/settings.md

demo: $(INSTALLED) $(MO)
	@exec $(PY) -m tools.demo $(ARGS)

screenshots: $(TEST_INSTALLED) $(MO) provide
	@$(PY) -m tools.screenshots

clean:
	rm -rf $(VENV) dist build .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find webhooks_ui tests tools -name __pycache__ -prune -exec rm -rf {} +
	rm -f $(MO)

$(INSTALLED): $(PACKAGING)
	@$(MAKE) --no-print-directory environment
	@echo "Installing into $(VENV); this is done once."
	@$(PY) -m pip install --quiet --editable .
	@touch $@

$(POSTGRES_INSTALLED): $(INSTALLED)
	@$(PY) -m pip install --quiet --editable '.[postgres]'
	@touch $@

$(TEST_INSTALLED): $(PACKAGING)
	@$(MAKE) --no-print-directory environment
	@echo "Installing what the tests need into $(VENV); this is done once."
	@$(PY) -m pip install --quiet --no-compile --editable '.[test]'
	@touch $(INSTALLED) $@

# By one process: each worker of a run would rewrite the assertions of all tests for itself. Of the
# packages, which are installed as source, what tests load is compiled too: a third of it. What cannot
# be collected, the run tells.
$(TESTS_COMPILED): $(TEST_INSTALLED)
	@$(PY) -m pytest --collect-only -qq > /dev/null || true
	@touch $@

.PHONY: environment
environment:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer was not found. Install it, then try again."; exit 1; }
	@$(PYTHON) tools/environment.py $(VENV)

# After the installation: compiling needs Babel.
%.mo: %.po | $(INSTALLED)
	@$(BIN)/pybabel -q compile -d webhooks_ui/translations
