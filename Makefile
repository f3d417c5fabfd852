# Two commands for a fresh machine: `make demo` and `make test`. Both make their own environment from requirements.lock.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
ARGS ?=

.PHONY: demo test test-clients quick coverage test-long check procedure bench bench-scale lock clean

demo: $(STAMP)
	@$(BIN)/attitre demo $(ARGS)

test: $(STAMP) check
	$(BIN)/pytest -n auto --dist worksteal $(ARGS)

# The programs that people use: secretaries' calendars (Thunderbird, Evolution's server, khal, calcurse) and patients'
# browser (Chromium): installed from Debian's packages where that can be done, then driven.
# ATTITRE_PICTURES=docs/pictures takes the pictures of the docs anew.
test-clients: $(STAMP)
	@sh tests/clients/install.sh
	$(BIN)/pytest -rs tests/clients tests/pages $(ARGS)

# The answer while one works: rules, and the engine on calendars in memory: 90 s of processor time in all.
ENGINE := tests/sync/test_hard_cases.py tests/sync/test_hard_series.py tests/sync/test_in_order.py \
	tests/sync/test_series_told_once.py tests/sync/test_one_reminder_for_two.py tests/sync/test_companion.py
quick: $(STAMP)
	$(BIN)/pytest -n auto --dist worksteal tests/rules $(ENGINE) $(ARGS)

# Lines and branches of rules/ that tests/rules reaches by itself: 90.0 %, at least 89 (pyproject.toml). Tracing doubles
# the time of these tests (14 s of processor time), so it is no part of `make test`; what decides a landing runs both.
coverage: $(STAMP)
	$(BIN)/pytest -n auto --dist worksteal --cov --cov-report=term:skip-covered tests/rules

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The laws for some hours: thousands of examples that differ each time, a soak of 10,000 passes, 500 kills of the real
# worker, half an hour of misbehaving gateways, a calendar of 200,000 events, 100,000 guessed links, and five patients
# 500 times at once.
LONG := tests/laws tests/sync/test_five_at_once.py tests/sync/test_long_history.py \
	$(addprefix tests/flows/,test_half_hour.py test_guesses.py test_five_move_at_once.py)
test-long: $(STAMP)
	HYPOTHESIS_PROFILE=long $(BIN)/pytest -n auto --dist worksteal --timeout 7200 $(LONG) $(ARGS)

# docs/proofs.md: the table of the procedure, from the tests that ran and passed.
procedure: $(STAMP)
	$(BIN)/pytest -n auto --dist worksteal -k 'p0 or p1 or p2 or p3 or p4 or p5 or p6 or p7 or p8 or p9' --procedure-report=docs/procedure.json tests
	$(BIN)/python -m docs.tables

bench: $(STAMP)
	$(BIN)/python -m bench $(ARGS)

# Hundreds of practices on one PostgreSQL, and everything that may die there: docs/scale.md.
bench-scale: $(STAMP)
	$(BIN)/python -m bench.scale $(ARGS)

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 ou plus récent est nécessaire (PYTHON=/chemin/vers/python3.11 make …)."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "Le module venv de Python manque (Debian : paquet python3-venv)."; exit 1; }
	@echo "Installation de l'environnement (une fois, une à deux minutes)…"
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# niquests stays out: it replaces urllib3 for the whole environment; caldav speaks through our requests session.
# Three locks: everything for tests and demo; what runs (image); what builds the wheel. The last two follow the first.
COMPILE := uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url -q
RUNS := --excludes $(VENV)/excluded --extra postgresql pyproject.toml
lock:
	echo niquests > $(VENV)/excluded
	$(COMPILE) $(RUNS) --extra test -o requirements.lock
	$(COMPILE) $(RUNS) --no-annotate -c requirements.lock -o requirements-run.lock
	echo hatchling | $(COMPILE) - --no-annotate -c requirements.lock -o requirements-build.lock

clean:
	rm -rf $(VENV)
