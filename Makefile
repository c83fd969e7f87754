# `make` alone lists what there is.

.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -euo pipefail -c

WEIR := target/release/weir

.PHONY: help
help: ## List the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 24

.PHONY: up
up: announce build ## Build what is needed and serve on 127.0.0.1:3000; ARGS go to `weir up`
	$(WEIR) up $(ARGS)

.PHONY: dev
dev: announce build ## The same, and follow edits: build and replace what changes
	$(WEIR) up --watch $(ARGS)

.PHONY: traffic
traffic: ## Send the usual traffic to what `make up` serves; ARGS go to `weir run`, before the name
	$(WEIR) run $(ARGS) traffic-generator

.PHONY: health-check
health-check: ## Check the health of what `make up` serves, and log it
	$(WEIR) run $(ARGS) health-check

.PHONY: announce
announce:
	@test -x $(WEIR) || echo "First run: builds the wasm target's set-up, the host and the services, about ten minutes on two cores."

.PHONY: build
build: ## Build the host and the services
	@cargo xtask guests components
	@cargo build --release --locked --package weir

.PHONY: test
test: ## Format, lints, guests, unit and integration tests, licences
	@.ci/test

.PHONY: monitoring-check
monitoring-check: ## Dashboards, alert rules and their tests, without running anything
	@grafana/check

.PHONY: monitoring-test
monitoring-test: ## Real faults make every alert fire in Prometheus; needs the ci build
	@grafana/live

.PHONY: bench
bench: ## Measure speed beside `wasmtime serve` and a native server
	cargo xtask bench $(ARGS)

.PHONY: docs
docs: ## Write the generated pages of docs/ anew
	BLESS=1 cargo test --profile ci --package weir --lib the_page_in_docs

.PHONY: clean
clean: ## Remove everything that was built, and what `make up` stored
	cargo clean
	rm -rf components/target host/tests/guests/target .weir
