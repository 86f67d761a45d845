# Two commands for a fresh machine: `make lab` to learn, `make test` to check everything.
PYTHON ?= python3
LAB_ARGS ?=
BIN := .venv/bin
GRADERS := benchmarks/environments/graders
export HF_HUB_DISABLE_TELEMETRY := 1

.PHONY: lab test test-nbgrader grade-demo notebooks mutants bench install install-dev

lab: install
	@$(BIN)/course lab $(LAB_ARGS)

test: install-dev
	@$(BIN)/course prepare
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/course lint
	HF_HUB_OFFLINE=1 $(BIN)/pytest -n 2 --dist loadfile
	HF_HUB_OFFLINE=1 OMP_NUM_THREADS=1 COURSE_PROGRESS=off $(BIN)/pytest -n 2 --dist loadfile --nbval-lax --nbval-cell-timeout=300 notebooks/*.ipynb solutions/*.ipynb

test-nbgrader: install-dev
	@test -x $(GRADERS)/bin/python || $(BIN)/python -m venv $(GRADERS)
	@$(GRADERS)/bin/python -m pip install -q -r $(GRADERS).txt
	HF_HUB_OFFLINE=1 COURSE_NBGRADER=$(CURDIR)/$(GRADERS)/bin/python $(BIN)/pytest tests/test_nbgrader.py

grade-demo: install-dev
	@$(BIN)/course prepare
	@$(BIN)/python -m examples.grade_demo

notebooks: install-dev
	@$(BIN)/course prepare
	@$(BIN)/course notebooks

mutants: install-dev
	$(BIN)/python tests/mutation.py $(DAY)

bench: install-dev
	@for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

install:
	@$(PYTHON) install.py grading

install-dev:
	@$(PYTHON) install.py grading dev
