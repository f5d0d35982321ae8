# make demo and make test work on a fresh clone: they make .venv from requirements.lock first.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test test-fast check format docs bench storm check-airflow package clean

# DEMO="--documents 100000" takes a larger corpus.
demo: .venv/installed
	$(BIN)/mh-batch demo $(DEMO)

# A third process keeps two cores busy while the others wait for Spark. See tests/conftest.py.
test: .venv/spark-classes.jsa
	$(BIN)/pytest --numprocesses 3 --dist loadgroup --durations=15

# Without what starts a cluster or a browser, or takes minutes.
test-fast: .venv/installed
	$(BIN)/pytest -m "not cluster and not browser and not slow"

check: .venv/installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/installed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# What the documents say of commands, contracts and code is read from these; a warning ends the build.
docs: .venv/installed
	$(BIN)/sphinx-build --fail-on-warning --keep-going --nitpicky --fresh-env docs docs/_build/html

# The shipped models' sizes on made-up posts; `mh-batch benchmark --help` for more.
bench: .venv/installed
	$(BIN)/mh-batch benchmark

# Kills workers, executors and drivers of a local cluster at random, and holds every run to an undisturbed one.
storm: .venv/installed
	$(BIN)/python -m tests.cluster.storm --kills 30

# The Airflow DAG against a real Airflow, in an environment of its own.
check-airflow: .venv/installed package
	tests/check_airflow.sh

# The package as spark-submit takes it: a wheel is a zip, but Spark looks at the name.
package: .venv/installed
	rm -rf dist
	$(BIN)/python -m build --wheel --no-isolation --outdir dist
	cp dist/mh_batch-*.whl dist/mh_batch.zip

.venv/installed: requirements.lock pyproject.toml
	$(PYTHON) -c "import sys; sys.exit('mh-batch needs Python 3.11 or newer: make PYTHON=python3.11 ...' if sys.version_info < (3, 11) else 0)"
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --requirement requirements.lock
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

# From this JVMs of the tests start faster; one that does not fit is passed over.
.venv/spark-classes.jsa: .venv/installed
	$(BIN)/python -m tests.class_archive $@

clean:
	rm -rf .venv dist demo benchmark docs/_build docs/reference/commands docs/reference/contracts .mypy_cache .ruff_cache .pytest_cache
