# Two commands do all the set-up: `make demo` mines a real repository, `make test` passes the tests.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.14; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo $$p; break; }; done)
VENV ?= .venv
SAMPLE := svcs,tdom,h11,httpx,flask,click,structlog
BIN := $(VENV)/bin

.PHONY: demo test lint constraints sample suites bench clean

demo: $(VENV)/.ready
	$(BIN)/punie-data generate --repo svcs==25.1.0 --out data/svcs
	$(BIN)/punie-data show data/svcs --rows 2

test: $(VENV)/.ready lint
	$(BIN)/python -m pytest -q -n 2 $(PYTEST_ARGUMENTS)

lint: $(VENV)/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

$(VENV)/.ready: constraints.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: set PYTHON=/path/to/python3.11"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# Pins every dependency by version and hash, for all platforms; needs uv.
constraints:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--no-emit-index-url --no-emit-find-links --extra dev --extra build pyproject.toml -o constraints.txt

# The committed sample of a few hundred rows.
sample: $(VENV)/.ready
	$(BIN)/punie-data generate --corpus starter --only $(SAMPLE) --limit 320 --quota 8 --without 'p[y]pi\.|pythonh[o]sted' --out data/sample

# The suites of data/suites/picks, mined from corpora/suites.toml; tests and commands of the two repositories run in the sandbox.
suites: $(VENV)/.ready
	$(BIN)/punie-data generate --corpus corpora/suites.toml --allow-exec --out data/suites-mined
	for file in data/suites/picks/*.txt; do \
		$(BIN)/punie-data suite choose data/suites-mined --picks $$file --out data/suites/$$(basename $$file .txt).jsonl || exit 1; done

bench: $(VENV)/.ready
	for file in tests/benchmarks/bench_*.py; do $(BIN)/python $$file || exit 1; done

clean:
	rm -rf $(VENV)
