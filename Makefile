# Frontstage. The stages are Python modules; this file only names them and sets up their environment.
# Targets share names with folders, so all of them are phony.
.PHONY: help setup setup-dev new nightly ingest mine reports exports requarantine status config-check test campaign fuzz check bench bench-memory bench-night bench-report bench-findings bench-whatif truth texts sample clean
.DEFAULT_GOAL := help

SITE ?= data/sample
AS_OF ?=
FROM ?=
TO ?=
DRY_RUN ?=
QUIET ?=
LOG_FORMAT ?=
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
# a file of tests stays with one worker, so that what it prepares is prepared once
WORKERS := -n auto --dist loadfile
NIGHT := --site $(SITE) $(if $(AS_OF),--as-of $(AS_OF)) $(if $(QUIET),--quiet) $(if $(LOG_FORMAT),--log-format $(LOG_FORMAT))

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

nightly: setup ## The main job: ingest, mine, report, publish [SITE=data/sample] [AS_OF=YYYY-MM-DD, or FROM=... TO=...] [DRY_RUN=1] [QUIET=1]
	@$(PY) -m ingest nightly $(NIGHT) $(if $(FROM),--from $(FROM)) $(if $(TO),--to $(TO)) $(if $(DRY_RUN),--dry-run)

new: setup ## Write a draft site from a folder of raw files [SITE=path/to/new FROM=folder]
	@$(PY) -m ingest new --site $(SITE) --from $(or $(FROM),.)

ingest: setup ## Only read what is new in SITE/inbox
	@$(PY) -m ingest $(NIGHT) $(if $(DRY_RUN),--dry-run)

mine: setup ## Only mine the journeys
	@$(PY) -m mining $(NIGHT)

reports: setup ## Only write the report
	@$(PY) -m reports $(NIGHT)

exports: setup ## Write the exports of the last night once more, all of them [FORMATS="parquet xes ocel ..."]
	@$(PY) -m mining export $(FORMATS) --site $(SITE)

requarantine: setup ## Replay quarantined lines after a rule was mended [SOURCE=name]
	@$(PY) -m ingest requarantine $(NIGHT) $(if $(SOURCE),--source $(SOURCE))

status: setup ## What the warehouse of SITE holds, how the last runs ended
	@$(PY) -m ingest status --site $(SITE)

config-check: setup ## Name all that is wrong with the configuration of SITE
	@code=0; for stage in ingest mining; do $(PY) -m $$stage config-check --site $(SITE) || code=$$?; done; exit $$code

test: setup-dev ## Run the tests
	$(PY) -m pytest $(WORKERS)

campaign: setup-dev ## The long tests: every fault point, 100 kills, live rotation, failing system calls, pm4py's alignments (hours)
	FRONTSTAGE_CAMPAIGN=1 $(PY) -m pytest tests/faults tests/ingest/test_logrotate.py tests/ingest/test_deliveries_machine.py \
	  tests/mining/test_alignment.py tests/mining/test_pm4py_agreement.py tests/mining/test_analyses.py

check: setup-dev ## Tests, and lint, types, SQL style, import contracts
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(PY) -m sqlfluff lint --processes 1 --disable-progress-bar ingest mining
	$(VENV)/bin/lint-imports
	$(PY) -m pytest $(WORKERS)

bench: setup-dev ## Speed against pandas + pm4py, DuckDB's floor and GoAccess [EVENTS="1000000 10000000"]
	$(PY) tests/bench/run.py $(if $(EVENTS),--events $(EVENTS))

bench-memory: setup-dev ## Peak memory of ingest by size of one access log [LINES="1000000 5000000 20000000"]
	$(PY) tests/bench/run.py memory --lines $(or $(LINES),1000000 5000000 20000000)

fuzz: setup-dev ## Damaged files for each adapter, for long [EXAMPLES=500]
	FRONTSTAGE_FUZZ=$(or $(EXAMPLES),500) $(PY) -m pytest tests/ingest/test_fuzz.py

truth: setup-dev ## Score the findings in planted worlds [SEEDS=1-10] [WORLDS=W0,W1] [CUSTOMERS=1000] [JOBS=1] [MUTATE=1] [KEEP=1]
	@PYTHONPATH=.:tests/worldgen $(PY) tests/truth/$(if $(KEEP),regression,$(if $(MUTATE),mutations,campaign)).py $(if $(SEEDS),--seeds $(SEEDS)) $(if $(WORLDS),--worlds $(WORLDS)) $(if $(CUSTOMERS),--customers $(CUSTOMERS)) $(if $(JOBS),--jobs $(JOBS))

bench-night: setup-dev ## What a night costs that adds a day to 60 of a large world, against a rebuild [SCALE=100]
	$(PY) tests/bench/run.py night --scale $(or $(SCALE),100)

bench-report: setup-dev ## What a report costs after mining, page loads, the worst map [SCALE=100]
	$(PY) tests/bench/run.py report --scale $(or $(SCALE),100)

bench-findings: setup-dev ## What all findings cost, against the DFG and variants [SCALE="10 30 100"]
	$(PY) tests/bench/run.py findings --scale $(or $(SCALE),10 30 100)

bench-whatif: setup-dev ## What account executives cost as a scenario [CONTACTS=500000 a year]
	$(PY) tests/bench/run.py whatif --contacts $(or $(CONTACTS),500000)

texts: setup-dev ## Bring the catalogues of the languages up to date with the sources
	@$(PY) -m reports.texts

sample: setup-dev ## Rebuild data/sample byte for byte
	$(PY) tests/worldgen/build.py --out data/sample

clean: ## Remove the environment and what nights left in data/sample
	rm -rf $(VENV) data/sample/var data/sample/reports data/sample/exports

setup: $(VENV)/.runtime ## Set up the environment for the stages
setup-dev: $(VENV)/.dev ## Set up the environment for tests too

# uv when it is there, else venv and pip; both install only what the lock names, by hash.
define install
	@if command -v uv >/dev/null 2>&1; then \
	  test -x $(PY) || uv venv --quiet --python $(PYTHON) $(VENV) && \
	  uv pip install --quiet --python $(PY) --require-hashes -r $(1); \
	else \
	  test -x $(PY) || $(PYTHON) -m venv $(VENV) || { echo "Python's venv is missing: apt-get install python3-venv, or install uv" >&2; exit 1; } && \
	  { $(PY) -m pip --version >/dev/null 2>&1 || $(PY) -m ensurepip >/dev/null; } && \
	  $(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r $(1); \
	fi
	@touch $@
endef

$(VENV)/.runtime: requirements.lock
	$(call install,requirements.lock)

$(VENV)/.dev: requirements-dev.lock requirements.lock
	$(call install,requirements-dev.lock)
	@touch $(VENV)/.runtime
