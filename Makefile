# SPDX-License-Identifier: Apache-2.0
# Every target prepares what it needs by itself; the second time it needs no network. `make help` lists them.
SHELL := /bin/sh
.SUFFIXES:
.DEFAULT_GOAL := help
.NOTPARALLEL:

# May be set from outside: make run ARGS="--profile paper", make test ARGS="-k order", make venv PYTHON=python3.12
ARGS ?=
VENV ?= .venv
SIZES ?= 1280x800 1440x900 2560x1440
THEMES ?= dark light
PY := $(VENV)/bin/python
SOURCES := main.py terminal brokers strategies widgets resources tests benchmarks packaging
PREPARE := packaging/prepare.sh
PACKAGE_VENV := .venv-package

# forms of the command line that open no window, as a pattern of the shell
WINDOWLESS := *" --headless "*|*" --help "*|*" --version "*|*" simulate "*|*" shots "*|*" selftest "*|*" journal "*|*" doctor "*

# Recorded market data for the tests marked "data"; they need a folder with Lean's layout.
ifneq ($(wildcard ../shared/data/lean),)
export TILLER_DATA ?= $(abspath ../shared/data/lean)
endif

RUNTIME := $(VENV)/.tiller-runtime
DEV := $(VENV)/.tiller-dev
QT := $(VENV)/.tiller-qt-base
QT_WINDOW := $(VENV)/.tiller-qt-window

.PHONY: help run test check bench shots package campaign venv lock format clean

help: ## show this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 18

run: $(RUNTIME) $(QT_WINDOW) ## prepare everything and open Tiller (the demo, unless ARGS says otherwise)
	@case " $(ARGS) " in $(WINDOWLESS)) ;; *) $(PREPARE) display ;; esac
	@exec $(PY) main.py $(ARGS)

test: $(DEV) $(QT) ## prepare everything and run the tests
	QT_QPA_PLATFORM=offscreen $(PY) -m pytest -m "not campaign" $(ARGS)

campaign: $(DEV) $(QT) ## the long random and fault campaigns
	QT_QPA_PLATFORM=offscreen $(PY) -m pytest -m campaign $(ARGS)

check: $(DEV) ## lint, format, types, import contracts
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(PY) -m mypy packaging/build.py packaging/smaller.py
	$(VENV)/bin/lint-imports

format: $(DEV) ## put the code into its standard form
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

bench: $(DEV) $(QT) ## measure, ours and the reference in the same run
	QT_QPA_PLATFORM=offscreen $(PY) -m benchmarks $(ARGS)

shots: $(RUNTIME) $(QT) ## pictures of every panel, all sizes, both themes, into shots/; the README's into docs/shots
	@set -e; for theme in $(THEMES); do for size in $(SIZES); do \
		echo "shots/$$theme-$$size"; \
		QT_QPA_PLATFORM=offscreen $(PY) main.py shots shots/$$theme-$$size --size $$size --theme $$theme $(ARGS); \
	done; done
	@set -e; for theme in $(THEMES); do \
		$(PY) packaging/smaller.py shots/$$theme-1440x900/main.png docs/shots/main-$$theme.png; \
	done

package: $(PACKAGE_VENV)/.tiller-package ## wheel and Debian package into dist/
	$(PACKAGE_VENV)/bin/python packaging/build.py $(ARGS)

venv: $(DEV) $(QT) ## the environment alone, with everything that development needs

lock: ## compile requirements/*.txt again (needs uv and the network)
	packaging/lock.sh

clean: ## remove everything that make has made, the environments too
	rm -rf $(VENV) $(PACKAGE_VENV) build dist shots bench .mypy_cache .ruff_cache .pytest_cache .import_linter_cache \
		.hypothesis
	find $(SOURCES) -name __pycache__ -type d -prune -exec rm -rf {} +

$(RUNTIME): requirements/runtime.txt
	@$(PREPARE) venv runtime $(VENV)

$(DEV): requirements/dev.txt
	@$(PREPARE) venv dev $(VENV)

$(PACKAGE_VENV)/.tiller-package: requirements/package.txt
	@$(PREPARE) venv package $(PACKAGE_VENV)

# the libraries are looked for by the environment's own Python
$(QT): | $(VENV)/bin/python
	@$(PREPARE) qt base $(VENV)

$(QT_WINDOW): | $(VENV)/bin/python
	@$(PREPARE) qt window $(VENV)

$(VENV)/bin/python:
	@$(PREPARE) venv runtime $(VENV)
