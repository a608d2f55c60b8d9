# Thin over tools/: every command lives there, typed and tested. Works with GNU make 3.81 (macOS).
PYTHON ?= python3
BASKETRY = @$(PYTHON) tools/start.py

# Read by tools/ from the environment, because a shell would expand the * in ARGS="--files *".
export JOB ARGS REQUEST KILLS AS_OF DATA CATALOG SCALE ONLY YES Q TEAM TARGET TAG NAME ROLE REMOVE

.DEFAULT_GOAL := help
.PHONY: help run test test-fast test-system data setup lock job plan ask status doctor logs down prune clean faults forget lint format audit docs data-model screenshots bench deploy deploy-check databricks-smoke undeploy record-bundle dist upgrade user

help: ## Show these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## Set up, start, load realistic data through Airflow, show the result (DATA=<catalog>, SCALE=<factor>, ONLY=sales)
	$(BASKETRY) run

test: ## Set up what is missing and pass every test that is not minutes long (ARGS="…" goes to pytest)
	$(BASKETRY) test

test-fast: ## Pass the tests of seconds (minutes; ARGS="…" goes to pytest)
	$(BASKETRY) test-fast

test-system: ## Pass the tests of minutes: real services, kills, containers, a browser (ARGS="…" goes to pytest)
	$(BASKETRY) test-system

data: ## Fetch the public data sets that some tests read (ARGS=<data set> for one)
	$(BASKETRY) data

setup: ## Install everything, start nothing
	$(BASKETRY) setup

job: ## Run one job here by spark-submit: JOB=<name> ARGS="--catalog demo …" (ARGS=--help explains)
	$(BASKETRY) job

forget: ## Write down who is to be forgotten, asked here and kept nowhere else: REQUEST=<number> (CATALOG=<catalog>)
	$(BASKETRY) forget

plan: ## Show which tables and dates the next runs would rewrite: AS_OF=<day> (CATALOG=<catalog>)
	$(BASKETRY) plan

ask: ## Ask the local tables in plain words: Q="Top 5 products by revenue last month" (TEAM=<team>, CATALOG=<catalog>)
	$(BASKETRY) ask

user: ## Make a user of Airflow and the console: NAME=<user> TEAM=<team> ROLE=viewer|user|op|admin (REMOVE=1; alone it shows all)
	$(BASKETRY) user

status: ## Show what runs and where, and whether something was killed
	$(BASKETRY) status

doctor: ## Look over this deployment: what is wrong, and the command that mends it (CATALOG=<catalog>)
	$(BASKETRY) doctor

logs: ## Show the end of every service's log and follow it (ARGS=<service> for one)
	$(BASKETRY) logs

down: ## Stop everything that make run started
	$(BASKETRY) down

prune: ## Delete runs and logs of Airflow that are older than include/retention.yaml says
	$(BASKETRY) prune

clean: ## Stop, then delete BASKETRY_HOME with all its data (asks first)
	$(BASKETRY) clean

upgrade: ## Bring home, lake and models of an earlier release to this one; asks before it reads a stored model (CATALOG=<catalog>)
	$(BASKETRY) upgrade

faults: ## Kill, starve and refuse the jobs again and again and compare every table (KILLS=<n>, 200 else)
	$(BASKETRY) faults

lint: ## Check style, types, who imports whom, and the workflows (ARGS=<linter> for one)
	$(BASKETRY) lint

format: ## Put imports in order and lay out every Python file
	$(BASKETRY) format

lock: ## Compile the locks from pyproject.toml (ARGS=--upgrade takes the newest versions)
	$(BASKETRY) lock

audit: ## Ask the vulnerability service about every package of the locks
	$(BASKETRY) audit

docs: ## Make the site of docs/ and of the docstrings: docs/_build/html
	$(BASKETRY) docs

data-model: ## Make docs/data-model.md anew from the declarations
	$(BASKETRY) data-model

screenshots: ## Make the pictures of docs/images anew, in a real browser
	$(BASKETRY) screenshots

bench: ## Measure what is fast and write docs/performance.md
	$(BASKETRY) bench

deploy: ## Make a Databricks workspace what this checkout says: TARGET=dev|prod (ARGS=--plan changes nothing)
	$(BASKETRY) deploy

deploy-check: ## Say line by line whether a workspace is ready, each permission tried: TARGET=dev|prod (ARGS=--no-run starts no job)
	$(BASKETRY) deploy-check

databricks-smoke: ## Prove in a workspace what only a workspace proves, a line per step: TARGET=dev (an hour; ARGS=--keep drops nothing)
	$(BASKETRY) databricks-smoke

undeploy: ## Destroy the bundle, never data: TARGET=dev|prod (ARGS=--plan shows what it has made)
	$(BASKETRY) undeploy

record-bundle: ## Write down anew what the Databricks CLI asks when it deploys the bundle (needs the CLI)
	$(BASKETRY) record-bundle

dist: ## Write what a release publishes to dist/: the library's wheel, the SBOM, the release notes (TAG=v<version>)
	$(BASKETRY) dist
