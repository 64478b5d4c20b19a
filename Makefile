# A thin front door: CMake and the scripts in hack/, tests/ and bench/ do the work.
.DEFAULT_GOAL := release
.PHONY: release test demo lab lab-down bench lint install image docs coverage fuzz clean help
MAKEFLAGS += --no-print-directory

DESTDIR ?=
PREFIX ?= /usr/local

release: ## Build the programs into build/release/bin, installing what is missing
	@hack/install-deps build
	@cmake --preset release >/dev/null
	@cmake --build --preset release

test: ## Run every tier: lint, unit, simulation, integration, lab
	@tests/run

demo: release ## Show the applier surviving a failover (KAFKA=real for a real Kafka)
	@hack/install-deps demo $(if $(filter real,$(KAFKA)),kafka)
	@KAFKA=$(KAFKA) hack/demo

lab: ## Start a Kubernetes with a node, a Redis operator and Kafka, in build/lab (LAB=api: no node)
	@[ "$(LAB)" = api ] || [ "$$(id -u)" != 0 ] || hack/install-deps node
	@hack/install-deps lab
	@hack/lab up

lab-down: ## End it, and leave nothing behind
	@hack/lab down

bench: release ## Measure throughput and latency beside the limits of Redis and Kafka
	@hack/install-deps test bench
	@bench/run

lint: ## Check format, layers, purity, sizes, banned functions, docs and scripts
	@hack/install-deps build lint
	@hack/lint
	@hack/test-lint

install: release ## Install programs and documents under DESTDIR and PREFIX
	@DESTDIR=$(DESTDIR) cmake --install build/release --strip --prefix $(PREFIX)

image: ## Make the programs' OCI images, dist/*.oci.tar
	@hack/install-deps build image
	@hack/build-image

docs: ## Regenerate the documents that come from tables
	@hack/install-deps build
	@hack/gen-docs

coverage: ## Show which lines the unit and simulation tiers never run
	@hack/coverage

fuzz: ## Fuzz each parser for FUZZ_SECONDS (default 60), report coverage
	@hack/install-deps build unit
	@hack/fuzz $(or $(FUZZ_SECONDS),60)

clean: ## Remove what was built (not the cached third-party libraries)
	rm -rf build dist

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
