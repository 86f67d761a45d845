# Two commands for a fresh machine: `make lab` to learn, `make test` to check everything.
PYTHON ?= python3
LAB_ARGS ?=
BIN := .venv/bin
export HF_HUB_DISABLE_TELEMETRY := 1

.PHONY: lab test grade-demo notebooks bench install install-dev

lab: install
	@$(BIN)/course lab $(LAB_ARGS)

test: install-dev
	@$(BIN)/course prepare
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/course lint
	HF_HUB_OFFLINE=1 $(BIN)/pytest
	HF_HUB_OFFLINE=1 COURSE_PROGRESS=off $(BIN)/pytest --nbval-lax --nbval-cell-timeout=300 notebooks/*.ipynb solutions/*.ipynb

grade-demo: install-dev
	@$(BIN)/course prepare
	@$(BIN)/python -m examples.grade_demo

notebooks: install-dev
	@$(BIN)/course prepare
	@$(BIN)/course notebooks

bench: install-dev
	@for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

install:
	@$(PYTHON) install.py grading

install-dev:
	@$(PYTHON) install.py grading dev
