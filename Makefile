# make run     the console, from nothing, at http://127.0.0.1:8000
# make test    every test, on SQLite and then on PostgreSQL
# make check   style, types, who imports whom, templates, migrations, translations
# make bench   the benchmarks, each beside its peer
# make lock    pin the requirements anew
# make clean   remove what these made; what the console wrote stays in var/

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes

.PHONY: run test check bench lock clean
.DEFAULT_GOAL := run

run: $(VENV)/.installed
	@exec $(BIN)/python manage.py up

# What is compiled once is read by every process. Many tests wait for a clock or for other processes: four at a time keep
# two processors at work.
test: export PYTHONDONTWRITEBYTECODE =
test: $(VENV)/.installed-for-development
	@sh tests/browser.sh
	@sh tests/databases.sh
	@echo "On SQLite:"
	@$(BIN)/python -m pytest -n 3
	@echo "On PostgreSQL, what touches the database:"
	@$(BIN)/python -m tests.with_postgres pytest -n 3 --only-database

check: export DATABASE_URL = sqlite://:memory:
check: $(VENV)/.installed-for-development
	@set -e; \
	echo "ruff: mistakes and habits"; $(BIN)/ruff check --quiet .; \
	echo "ruff: layout"; $(BIN)/ruff format --quiet --check .; \
	echo "mypy: types"; $(BIN)/mypy; \
	echo "import-linter: who imports whom"; $(BIN)/lint-imports --no-cache; \
	echo "djlint: templates"; $(BIN)/djlint templates --lint --quiet; \
	echo "migrations: complete"; $(BIN)/python manage.py makemigrations --check --dry-run; \
	echo "translations: complete"; $(BIN)/python -m tests.translations

bench: $(VENV)/.installed-for-development
	@missed=""; for benchmark in $$(ls benchmarks/*.py | grep -v __init__); do \
		name=$$(basename $$benchmark .py); echo "== $$name"; $(BIN)/python -m benchmarks.$$name || missed="$$missed $$name"; \
	done; test -z "$$missed" || { echo "Goals missed in:$$missed" >&2; exit 1; }

lock: $(VENV)/.installed-for-development
	@for set in "requirements.in --output-file requirements.txt" \
		"requirements.in requirements-dev.in --output-file requirements-dev.txt"; do \
		$(BIN)/uv pip compile --quiet --upgrade --no-header --generate-hashes --universal --python-version 3.11 $$set || exit 1; \
	done

clean:
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache test-results
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.installed: requirements.txt
	@command -v "$(PYTHON)" >/dev/null || { \
		echo "There is no $(PYTHON). Install Python 3.11 or newer, or name one: make PYTHON=/path/to/python" >&2; exit 2; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "DR Console needs Python 3.11 or newer, and $$("$(PYTHON)" -V) is older. Name a newer one: make PYTHON=python3.12" >&2; exit 2; }
	@echo "Making an environment in $(VENV) …"
	@"$(PYTHON)" -m venv $(VENV)
	@echo "Installing what the console runs on; the first time, that takes about a minute …"
	@$(PIP) -r requirements.txt
	@touch $@

$(VENV)/.installed-for-development: requirements-dev.txt $(VENV)/.installed
	@echo "Installing what tests and checks need beside it …"
	@$(PIP) -r requirements-dev.txt
	@touch $@
