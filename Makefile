# Marquee. `make` alone lists what there is.
# The images' Python where it is, else the system's, else one that will do; `make up PYTHON=...` takes another.
PYTHON ?= $(shell for name in python3.11 python3 python3.13 python3.12 python3.14; do \
	$$name stack/python.py 2>/dev/null && command -v $$name && exit; done; command -v python3)
STACK := $(PYTHON) -m stack
BIN := .venv/bin
INSTANCE ?= main

.DEFAULT_GOAL := help
.PHONY: contracts translations pictures bench bench-large bench-shop load-large chaos alerts watch help env up down restart rotate-certificates status logs memory demo-data test check audit audit-dependencies lock \
	install format

help: ## Show this
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-20s %s\n", $$1, $$2}'

env: ## Write the secrets of docker-compose.yml to .env, what is there stays (TLS=1: and certificates)
	@TLS=$(TLS) $(PYTHON) docker/make_env.py

up: ## Install what is missing, start everything, buy a ticket (TLS=1: over TLS everywhere, WORKERS=2: workers of each service, REPLICAS=2: of catalog's database)
	@$(STACK) up --instance $(INSTANCE) $(if $(filter-out 0,$(TLS)),--tls) $(if $(WORKERS),--workers $(WORKERS)) $(if $(REPLICAS),--replicas $(REPLICAS)) $(foreach port,$(PORTS),--port $(port))

down: ## Stop everything
	@$(STACK) down --instance $(INSTANCE)

rotate-certificates: ## New certificates for a running stack with TLS, nothing restarts (AUTHORITY=1: and a new authority)
	@$(STACK) rotate-certificates --instance $(INSTANCE) $(if $(AUTHORITY),--authority)

status: ## Show every process, and the addresses
	@$(STACK) status --instance $(INSTANCE)

restart: ## Start processes again, with changed code say (NAME=booking, NAME=payment-worker)
	@$(STACK) restart --instance $(INSTANCE) $(NAME)

logs: ## Follow the logs (NAME=booking for one service's)
	@$(STACK) logs --instance $(INSTANCE) -f $(NAME)

memory: ## Show what the stack costs, by kind of process
	@$(STACK) memory --instance $(INSTANCE)

demo-data: ## Load the demo data, or add what it has come to lack
	@$(STACK) demo-data --instance $(INSTANCE)

load-large: ## Load a large invented world into a running stack, for bench-large (SIZE=0.01 for a hundredth of it)
	@$(STACK) load-large --instance $(INSTANCE) $(if $(SIZE),--size $(SIZE))

audit: ## Verify in the databases what must always be true
	@$(STACK) audit --instance $(INSTANCE)

test: ## Run the tests on servers of its own (SUITE=booking for one; "desk pages", "shop pages", "over TLS" and "long faults" only so)
	@$(STACK) test $(if $(SUITE),--only "$(SUITE)")

bench: ## Measure the running stack: ratios, kept in bench/results
	@MARQUEE_STATE=.stack/$(INSTANCE) $(BIN)/python -m bench

bench-large: ## Measure on the running stack what should not grow with history, beside the same on a small world (PART=desk for a part)
	@MARQUEE_STATE=.stack/$(INSTANCE) $(BIN)/python -m bench.large $(PART)

bench-shop: ## Measure the pages of the running shop: time, bytes, Lighthouse's marks
	@MARQUEE_STATE=.stack/$(INSTANCE) $(BIN)/python -m bench.shop

chaos: ## Kill processes of the running stack under load, then audit (SEED=1 repeats a run)
	@MARQUEE_STATE=.stack/$(INSTANCE) $(BIN)/python -m bench.chaos $(if $(SEED),--seed $(SEED))

pictures: ## Make the pictures of the documentation anew, of the running stack
	@MARQUEE_STATE=.stack/$(INSTANCE) $(BIN)/python -m stack.pictures shop
	@MARQUEE_STATE=.stack/$(INSTANCE) $(BIN)/python -m stack.pictures desk

alerts: ## Make each alert fire on the running stack by a real fault, and clear (ALERT=ServerDown for one)
	@MARQUEE_STATE=.stack/$(INSTANCE) $(BIN)/python monitoring/alerts.py $(ALERT)

watch: ## Run Prometheus and Alertmanager beside the running stack until Ctrl-C, with every wait cut short
	@MARQUEE_STATE=.stack/$(INSTANCE) $(BIN)/python monitoring/watching.py

install: ## Make .venv from the lock (SERVICE=booking: just its part, in its own folder)
	@$(STACK) install $(SERVICE)

audit-dependencies: install ## Licences and known vulnerabilities of what is locked
	@$(STACK) audit-dependencies

lock: ## Renew requirements.lock (UPGRADE=1 takes the newest versions)
	@$(STACK) lock $(if $(UPGRADE),--upgrade)

translations: install ## Take the shop's texts into its languages' catalogues, and compile these
	@$(BIN)/python -m stack.translations

contracts: install ## Renew from the code: contracts/openapi and what is made of it, docs/saga.md, docs/staff-rights.md
	@$(STACK) contracts

format: install ## Format the code, and fix what can be fixed
	@$(BIN)/ruff check --quiet --fix --exit-zero .
	@$(BIN)/ruff format .

check: install ## Format, lint, types, walls, dependencies, migrations, contracts, lock, workflows, chart
	@$(STACK) check
