# Needs Python >= 3.11 with venv, and make. Every path is relative: a target or prerequisite with a space would split in two.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SHELLFLAGS := -euc

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip -qq --disable-pip-version-check
# Files stay whole, so that what a module sets up is set up once; more than four processes start slower than they finish.
PYTEST_ARGS ?= -n auto --maxprocesses 4 --dist loadfile

# Other people's implementations that tests hold ours against; they need node, the dev group can't bring them.
NODE_PACKAGES := axe-core@4 playwright-core@1 @sigstore/bundle@4 @sigstore/verify@3 yaml-language-server@1.25.0

.PHONY: help demo test node-tools record lint types docs docs-check screenshots bench bench-org dist clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

demo: .venv/run.stamp ## judge an embedded AWS organization: no AWS account, no credentials
	@$(BIN)/trailwarden demo

test: .venv/dev.stamp ## run the test suite
	@$(BIN)/pytest $(PYTEST_ARGS)

record: .venv/dev.stamp ## write down which test sees which check in which status, then the page made of it
	@$(BIN)/pytest $(PYTEST_ARGS) --record-judged tests/checks tests/integrity
	@$(BIN)/python docs/generate.py

node-tools: .venv/node.stamp ## npm packages for the tests that need node; they are skipped without

lint: .venv/dev.stamp ## ruff: rules and format
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .

types: .venv/dev.stamp ## mypy --strict
	@$(BIN)/mypy --no-error-summary

docs: .venv/run.stamp ## regenerate the pages that are derived from code
	@$(BIN)/python docs/generate.py

docs-check: .venv/run.stamp ## fail where a generated page differs from the code
	@$(BIN)/python docs/generate.py --check

screenshots: .venv/run.stamp .venv/node.stamp ## take the pictures of the auditor's guide anew; needs Chromium
	@$(BIN)/python docs/screenshots.py

bench: .venv/dev.stamp ## measure what the README claims
	@$(BIN)/python benchmarks/one_account.py
	@$(BIN)/python benchmarks/policies.py
	@$(BIN)/python benchmarks/reporters.py

bench-org: .venv/dev.stamp ## measure runs over 1,000 and 2,000 simulated accounts
	@$(BIN)/python -m benchmarks.organization.compare --accounts 1000 2000 --latency 0.03

dist: .venv/dev.stamp ## build the sdist, and the wheel from it
	@rm -rf dist
	@$(BIN)/pyproject-build --outdir dist . >/dev/null

clean: ## remove everything that make created
	@rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis trailwarden-demo

# Two stamps, so that the demo never waits for the development tools. An environment without a working pip is what an
# interrupted or refused `python -m venv` leaves behind: start it again from nothing.
.venv/run.stamp: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "trailwarden needs Python 3.11 or newer; name one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "setting up .venv (once)" >&2
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	@$(PIP) install --upgrade pip
	@$(PIP) install --editable .
	@touch $@

.venv/dev.stamp: .venv/run.stamp
	@echo "adding the development tools (once)" >&2
	@$(PIP) install --group dev
	@touch $@

.venv/node.stamp: .venv/run.stamp Makefile
	@npm install --silent --no-audit --no-fund --no-package-lock --ignore-scripts --prefix .venv/node $(NODE_PACKAGES)
	@touch $@
