# Slipway. `make help` lists what there is; dev/ holds the scripts behind it.
.DEFAULT_GOAL := help
.PHONY: help build web generate demo demo-reset test lint fuzz image clean

IMAGE ?= slipway:dev
VERSION ?= dev
DOCKER ?= docker

help: ## what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## the portal, into .build/bin/portal
	@dev/build portal

web: ## stylesheet, script and fonts, into web/static/dist
	@dev/build web

generate: ## the Go code of the views, after a change to a .templ file
	@dev/build templ
	@.build/bin/templ generate -path web/templates

demo: ## run everything on this machine and say where to sign in
	@dev/demo

demo-reset: ## forget the demo's data
	@dev/demo reset

test: ## all checks and tests, as CI runs them; TEST_PACKAGES narrows them
	@dev/test

lint: ## the checks alone: format, generated code, golangci-lint with the arrows between packages
	@dev/test checks

fuzz: ## every fuzz target with FUZZ_COUNT inputs (default 4000)
	@dev/test fuzz

image: ## the container image, named by IMAGE, of VERSION; DOCKER=podman and buildah do, too
	$(DOCKER) build -t $(IMAGE) --build-arg VERSION=$(VERSION) .

clean: ## what was built; the demo's data stays
	rm -rf .build web/static/node_modules
	find web/static/dist -type f ! -name .gitkeep -delete
