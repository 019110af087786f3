# What a newcomer types: make run, make demo, make test. Needs Python >= 3.11 and make only.
.DEFAULT_GOAL := help
.PHONY: help install install-dev run demo test test-long lint format reference bench lock clean

PY := .venv/bin/python
# A virtual environment holds absolute paths: the stamps carry the folder, so that a moved clone installs itself anew.
HERE := $(shell printf %s "$(CURDIR)" | cksum | cut -d ' ' -f 1)
RUNTIME := .venv/.runtime-$(HERE)
DEV := .venv/.dev-$(HERE)
PIP := $(PY) -m pip --disable-pip-version-check --quiet --no-input install --no-deps
PACKAGES := daemon probes config
JOBS := 2# processes that `make test` uses: its tests wait more than they compute
BENCHES = $(sort $(wildcard bench/[!_]*.py))
TREES = $(PACKAGES) tests $(if $(BENCHES),bench)

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 20

install: $(RUNTIME) ## .venv with what the daemon needs, and the project itself (editable)
	@echo "reachd is installed in .venv: make run, make demo"

install-dev: $(DEV) ## the same plus what tests and checks need
	@echo "what tests and checks need is installed in .venv: make test, make lint"

.venv/pyvenv.cfg:
	@python=; for name in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11 python; do \
	    if $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$$name; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
	    echo "reachd needs Python 3.11 or newer; found $$(python3 --version 2>/dev/null || echo none)." >&2; \
	    echo "Install one (python.org, your package manager, pyenv) and say: make $(MAKECMDGOALS) PYTHON=/path/to/python3" >&2; exit 2; \
	fi; \
	if ! $$python -c 'import ensurepip, venv' 2>/dev/null; then \
	    echo "$$python has no venv module; on Debian and Ubuntu: apt install python3-venv" >&2; exit 2; \
	fi; \
	echo "making .venv with $$($$python --version)"; $$python -m venv --clear .venv

$(RUNTIME): requirements/runtime.txt pyproject.toml .venv/pyvenv.cfg
	@echo "installing $$(grep -c '^[a-z].*==' requirements/runtime.txt) packages that the daemon needs (about 15 s)"
	@$(PIP) --require-hashes -r requirements/runtime.txt
	@PATH="$(CURDIR)/.venv/bin:$$PATH" $(PIP) --no-build-isolation --editable .
	@touch $@

$(DEV): requirements/dev.txt $(RUNTIME)
	@echo "installing what tests and checks need (about 15 s)"
	@$(PIP) --require-hashes -r requirements/dev.txt
	@touch $@

run: $(RUNTIME) ## the daemon; make run ARGS="--config my.toml"
	@exec .venv/bin/reachd run $(ARGS)

demo: $(RUNTIME) ## the block of February 2026 on loopback: no root, no network, one event within a minute
	@exec .venv/bin/reachd demo $(ARGS)

test: $(DEV) ## every test but the long ones; make test ARGS="-k journal"
	@$(PY) -m pytest -m "not long" -n $(JOBS) --dist loadfile $(ARGS)

test-long: $(DEV) ## the long tests: crashes, outages, load, a real InfluxDB
	@$(PY) -m pytest -m long $(ARGS)

lint: $(DEV) ## style, types, architecture, dependencies, spelling
	@PATH="$(CURDIR)/.venv/bin:$$PATH"; failed=; \
	check() { name=$$1; printf '%-10s %s\n' "$$name" "$$2"; shift 2; \
	    said=$$($(PY) "$$@" 2>&1) || { printf '%s\n\n' "$$said"; failed="$$failed $$name"; }; }; \
	check ruff        'bugs and style'                  -m ruff check --quiet $(TREES); \
	check format      'layout (make format repairs it)' -m ruff format --quiet --check $(TREES); \
	check mypy        'types (strict but for tests)'    -m mypy --no-error-summary $(TREES); \
	check imports     'who may import whom'             .venv/bin/lint-imports --no-logo; \
	check deptry      'dependencies declared and used'  -m deptry --no-ansi $(PACKAGES); \
	check codespell   'spelling'                        -m codespell_lib .; \
	if [ -n "$$failed" ]; then echo "lint failed:$$failed" >&2; exit 1; fi; echo "lint: all good"

format: $(DEV) ## lays the code out and repairs what ruff can
	@$(PY) -m ruff check --quiet --fix-only .
	@$(PY) -m ruff format .

reference: $(RUNTIME) ## docs/reference.md and docs/schema/ anew from the code
	@$(PY) -m daemon.reference > docs/reference.md
	@$(PY) -m daemon.schema docs/schema

bench: $(RUNTIME) ## every measurement under bench/, one after another
	@for script in $(BENCHES); do echo "== $$script"; $(PY) $$script || exit 1; done

lock: ## requirements/*.txt anew from pyproject.toml (needs uv; packages at least five days old)
	@command -v uv >/dev/null || { echo "make lock needs uv: https://docs.astral.sh/uv/" >&2; exit 2; }
	@for set in runtime dev; do \
	    groups="--group build"; [ $$set = runtime ] || groups="$$groups --group dev --constraints requirements/runtime.txt"; \
	    uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-emit-index-url --no-emit-find-links \
	        --custom-compile-command 'make lock' --exclude-newer '5 days' $$groups --output-file requirements/$$set.txt pyproject.toml; \
	done

clean: ## removes .venv and every cache, never a journal
	@rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
