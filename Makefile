# The ways in. Each target is one script; `make help` lists them.
.DEFAULT_GOAL := help
.PHONY: help setup kubernetes companions kind-node-image build test browser-test e2e e2e-negative e2e-gpu e2e-chaos e2e-all mutants differential \
	layers format format-check asan tsan fuzz install archive images actionlint host-state bench-cluster bench-runner bench-scoring bench-platform bench-trainer clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "  PROVIDER=kind lets 'make e2e' run on the real kind, NODES=3 on three nodes of it"
	@echo "  KEEP=1 keeps the cluster of 'make e2e'; RUNNER=kuttl lets the original runner judge; TEST=REGEX picks test programs"

setup: ## install what is missing (Debian packages, Go, cargo)
	@tools/setup/setup

kubernetes: ## build the pinned Kubernetes programs once, print their folder
	@tools/kubernetes/build

companions: ## build the pinned programs that the platform ships or is tested with (rclone, registry, MinIO), print their folder
	@tools/companions/build

kind-node-image: ## build a node image for kind from our own parts and Debian packages, print its archive
	@tools/kind-node/build

build: ## compile everything into build/release/bin
	@tools/run/build

images: build ## assemble the platform's images into build/images
	@tools/run/images

test: ## compile and run all tests, the lower layers under AddressSanitizer too
	@tools/run/test

e2e: ## the platform's end-to-end suite, the five cases, on a cluster of its own
	@tools/run/e2e cases

e2e-negative: ## what the platform must refuse or fail
	@tools/run/e2e negative

e2e-gpu: ## jobs that ask for a GPU, on simulated ones
	@tools/run/e2e gpu

e2e-chaos: ## jobs while something is killed under them
	@tools/run/e2e chaos

e2e-all: ## all of these suites, each on a cluster of its own
	@tools/run/e2e all

differential: ## small suites under the original kuttl and under ours, verdict by verdict
	@tools/run/differential

mutants: ## break the platform in ten ways, each of which a case has to notice
	@test/e2e/mutants/run

browser-test: ## the HTML report in a real browser (installs Debian's chromium where it is missing)
	@tools/run/browser_test

layers: ## hold every #include against src/LAYERS
	@tools/check_layers .

format: ## lay out all C++ sources
	@tools/run/format

format-check: ## fail where a source is not laid out
	@tools/run/format --check

asan: ## the lower layers' tests under AddressSanitizer
	@tools/run/sanitize asan

tsan: ## the lower layers' tests under ThreadSanitizer
	@tools/run/sanitize tsan

fuzz: ## all that reads strangers' bytes under libFuzzer, TIME=600 seconds each
	@fuzz/run

install: ## seatrial, Kubernetes, manual page and completion into PREFIX (/usr/local), below DESTDIR
	@tools/run/install

archive: build kubernetes ## all of it and the libraries it needs as one relocatable archive, build/seatrial-*.tar.gz
	@tools/run/archive

host-state: ## hold the host before a cluster against after it, however it ended (quiet machine)
	@test/host-state

bench-cluster: ## from nothing to a ready cluster, against its floor: etcd and kube-apiserver alone
	@bench/cluster

bench-runner: ## the same suites under ours, kuttl and chainsaw; latency, requests, 1,000 tests
	@bench/runner
	@bench/latency/run
	@bench/requests
	@bench/thousand

bench-platform: ## jobs a second through one controller, at 1, 4 and 16 connections
	@bench/platform/run

bench-scoring: ## vmafx score beside ffmpeg's libvmaf on the same clip
	@bench/scoring/run

bench-trainer: ## the trainer learns: correlation on unseen clips against samples seen, and the gate against poison
	@bench/trainer/run

actionlint: ## check the workflow files
	@"$$(tools/companions/build actionlint)/actionlint" .github/workflows/*.yml

clean: ## remove build/ (the caches outside the checkout stay)
	@rm -rf build
