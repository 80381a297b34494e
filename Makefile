# The verbs of this project. Everything happens in .venv; nothing is installed elsewhere.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
CATALOGUES := $(patsubst %.po,%.mo,$(wildcard ghiseu/locale/*/LC_MESSAGES/django.po))
# One worker more than two cores: the suite waits for the database about as much as it computes.
TEST_WORKERS ?= 3

.PHONY: help setup run demo test check bench fuzz crash format lock messages clean

help:
	@echo "make setup     environment for development in .venv, from the lock files"
	@echo "make demo      a help desk with a made-up company, started here (needs nothing installed but Python)"
	@echo "make run       the help desk, empty, with its data in GHISEU_HOME"
	@echo "make test      the whole test suite on a private PostgreSQL"
	@echo "make check     style, types, templates, migrations, layers, documents"
	@echo "make bench     how fast it is, beside the floor of this machine (WORKLOAD=, SCALE=; docs/performance.md)"
	@echo "make fuzz      read 200,000 broken mails and look for what breaks"
	@echo "make crash     10,000 mails and 200 kills, held against a ledger (needs Debian's dovecot-imapd, postfix, strace)"
	@echo "make format    let ruff format the code"
	@echo "make lock      compile requirements/*.txt anew from pyproject.toml"
	@echo "make messages  collect the texts for the translators"

setup: $(VENV)/.dev $(CATALOGUES)

$(VENV)/.dev: $(VENV)/.runtime requirements/dev.txt
	@echo "Installing the tools for development"
	@$(PIP) install --require-hashes --no-deps -r requirements/dev.txt
	@touch $@

$(VENV)/.runtime: requirements/runtime.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
		{ echo "$(PYTHON) is not Python 3.11, 3.12 or 3.13. Name one: make PYTHON=python3.12 ..." >&2; exit 1; }
	@test -x $(BIN)/python || { echo "Making the environment $(VENV)"; $(PYTHON) -m venv $(VENV); } || \
		{ rm -rf $(VENV); echo "Python's venv module is incomplete. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@echo "Installing the locked packages"
	@$(PIP) install --no-compile --require-hashes --no-deps -r requirements/runtime.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

ghiseu/locale/%/LC_MESSAGES/django.mo: ghiseu/locale/%/LC_MESSAGES/django.po $(VENV)/.runtime
	@$(BIN)/pybabel --quiet compile --input-file $< --output-file $@

run: $(VENV)/.runtime $(CATALOGUES)
	@$(BIN)/ghiseu serve

demo: $(VENV)/.runtime $(CATALOGUES)
	@exec $(BIN)/ghiseu demo

test: setup
	@$(BIN)/pytest --numprocesses $(TEST_WORKERS) --dist loadfile

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/djlint --lint --quiet ghiseu
	@GHISEU_HOME="$(CURDIR)/$(VENV)/home" $(BIN)/python -W ignore::RuntimeWarning -m ghiseu.cli manage makemigrations --check --dry-run
	$(BIN)/pytest --quiet tests/test_layers.py tests/test_docs.py tests/ops/test_documented.py

bench: setup
	@$(BIN)/python -m bench

crash: setup
	@$(BIN)/python -m tests.crash --imap dovecot
	@$(BIN)/python -m tests.crash.calls

fuzz: setup
	@$(BIN)/python -m bench.fuzz $(FUZZ)

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-annotate --custom-compile-command "make lock"

lock: setup
	$(COMPILE) --output-file requirements/runtime.txt pyproject.toml requirements/build.in
	$(COMPILE) --extra dev --constraint requirements/runtime.txt --output-file requirements/dev.txt \
		pyproject.toml requirements/build.in

KEYWORDS := --keywords "gettext_noop pgettext:1c,2 npgettext:1c,2,3 gettext_lazy ngettext_lazy:1,2 pgettext_lazy:1c,2"

messages: $(VENV)/.runtime
	$(BIN)/pybabel --quiet extract --mapping babel.cfg $(KEYWORDS) --no-location --sort-output --project Ghișeu \
		--version 0.1 --copyright-holder "the Ghișeu contributors" \
		--output $(VENV)/django.pot ghiseu
	@for language in ro; do \
		if [ -f ghiseu/locale/$$language/LC_MESSAGES/django.po ]; then verb=update; else verb=init; fi; \
		$(BIN)/pybabel --quiet $$verb --domain django --input-file $(VENV)/django.pot --output-dir ghiseu/locale \
			--locale $$language || exit 1; \
	done

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis
