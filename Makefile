# `make` alone lists what there is.

.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -euo pipefail -c

WEIR := target/release/weir
# What the image is called, here, in compose.yaml and in the cluster.
IMAGE ?= weir:dev
DOCKER ?= docker
# The image's. `ci` takes what the tests have built, `release` what `make up` has; both are larger and
# slower.
PROFILE ?= dist
export IMAGE DOCKER

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
	@test -x $(WEIR) || echo "First run: builds the wasm target's set-up, the host and the services, ten to twenty minutes on two cores."

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

.PHONY: load-test
load-test: ## One replica until the alert fires, then three: writes docs/load-test.md
	@grafana/load

.PHONY: cold
cold: ## Time the first and the second `make up` of a clean clone with nothing cached
	@.ci/cold

.PHONY: bench
bench: ## Measure speed beside `wasmtime serve` and a native server
	@command -v wrk >/dev/null || [[ $$(id -u) != 0 ]] || ! command -v apt-get >/dev/null || .ci/debian wrk
	cargo xtask bench $(ARGS)

.PHONY: image
image: image-files ## Build the container image IMAGE (weir:dev), with components compiled ahead
	k8s/image/build

.PHONY: image-files
image-files: ## Build what goes into the image, in target/image; needs no Docker
	cargo xtask guests components
	@# The flag is for the last step alone, so that crates are shared with other builds of the profile.
	cargo rustc --locked --profile $(PROFILE) --package weir --bin weir -- -C target-feature=+crt-static
	k8s/image/prepare target/$(PROFILE)/weir

.PHONY: push
push: image ## Build the image and push it: make push IMAGE=registry.example.com/weir:0.1.0
	@[[ "$(IMAGE)" == */*:* ]] || { echo "IMAGE=$(IMAGE) names no registry and tag"; exit 2; }
	$(DOCKER) push $(IMAGE)

.PHONY: monitor
monitor: ## Prometheus on 9090 and Grafana on 3001, for what `make up` serves
	$(DOCKER) compose --project-name weir-monitor --file compose.yaml \
	  --file k8s/monitoring/local.yaml up --no-deps $(ARGS) prometheus grafana

.PHONY: kind-up
kind-up: ## Make a kind cluster with monitoring and the services, or bring it up to date
	k8s/kind/up

.PHONY: kind-down
kind-down: ## Remove that cluster
	k8s/kind/down

.PHONY: deploy-check
deploy-check: ## Check charts, manifests, workflows, and the image in real containers (`make image` first)
	PROFILE=$(PROFILE) k8s/check $(ARGS)

.PHONY: docs
docs: ## Write the generated pages of docs/ anew
	BLESS=1 cargo test --profile ci --package weir --lib the_page_in_docs

.PHONY: clean
clean: ## Remove everything that was built, and what `make up` stored
	cargo clean
	rm -rf components/target host/tests/guests/target .weir
