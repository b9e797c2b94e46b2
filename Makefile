# Everything these targets set up lies in .florin/ and in cargo's target folder. Remove both, and the
# clone is as it was.
SHELL := /bin/bash
.NOTPARALLEL:
.DEFAULT_GOAL := help

CARGO ?= cargo
# Passed on to scripts as flags.
ONCE  ?=
JSON  ?=
DATA  ?=
SEEDS ?= 500
KILLS ?= 20
ARGS  ?=

# A variable counts as set unless it is empty or 0.
is_set = $(filter-out 0,$(strip $($(1))))
json   = $(if $(call is_set,JSON),--json)
run    = scripts/run.sh $(if $(DATA),--data '$(DATA)') $(if $(call is_set,ONCE),--once) $(json)

# GNU make ends with 2 whatever a recipe ended with, and prints on Ctrl-C. So for `make run` alone
# make hands its process over to the script (`become`), which ends with 0, 1 or 3 as it promises.
# Where make cannot load the extension (no C compiler, not GNU make 4) the recipe runs the usual way.
ifeq ($(MAKECMDGOALS),run)
ifneq ($(filter load,$(.FEATURES)),)
-load .florin/make_become.so
.florin/make_become.so: scripts/make_become.c
	@mkdir -p $(@D) && { $(CC) -shared -fPIC -o $@ $< 2>/dev/null || true; }
endif
endif
# `make -n` expands recipes too, and must not run anything.
is_dry_run = $(findstring n,$(filter-out --%,$(firstword -$(MAKEFLAGS))))

.PHONY: help run test test-rollback lint simulate simulate-planted bench bench-restart bench-history crash \
	restore-drill verify

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-17s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))
	@echo
	@echo '  DATA=DIR      data directory of run and verify (default .florin/data)'
	@echo '  JSON=1        result as one line of JSON, the last on stdout (run, benches, crash, verify)'
	@echo '  ARGS="..."    more flags for benches and crash'

run: ## Pay 155,848 real grocery baskets, report, serve until Ctrl-C; ONCE=1 ends after the report
	@$(if $(is_dry_run),,$(become exec $(run)))$(run)

test: ## All tests, the static binary in an empty chroot and the Dockerfile lint included
	$(CARGO) test --workspace --locked
	scripts/test-s3.sh
	scripts/test-python.sh
	scripts/test-go.sh
	deploy/test-image.sh

test-rollback: ## Builds the release before too, and goes to this one, back, and forth again
	scripts/test-rollback.sh

lint: ## Formatting, clippy, rustdoc and shell syntax, warnings as errors
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --workspace --no-deps --locked
	scripts/lint-shell.sh

simulate: ## Crash a simulated node under SEEDS=500 seeds and check every invariant
	SEEDS=$(SEEDS) scripts/simulate.sh seeds

simulate-planted: ## Prove that the simulator finds each planted bug
	scripts/simulate.sh planted

bench: ## Throughput and latency, beside an echo without an engine and the disk alone
	scripts/loadtest.sh bench --quick $(json) $(ARGS)

bench-restart: ## How long a start takes; ARGS="--accounts 10M --transfers 50M --snapshot-at 30M" for its full size
	$(CARGO) bench --locked -p florin-server --bench restart -- $(json) $(ARGS)

bench-history: ## What 2 million transfers cost the next one; ARGS="--transfers 200M" for its full size, which takes 24 GB of disk
	$(CARGO) bench --locked -p florin-server --bench history -- $(json) $(ARGS)

crash: ## Kill a server under load KILLS=20 times; check from outside that nothing is lost
	scripts/loadtest.sh crash --kills $(KILLS) $(json) $(ARGS)

restore-drill: ## Back a server up under load, restore it to three moments, compare, and go on from one of them
	scripts/restore-drill.sh $(ARGS)

verify: ## Check the journal's chain, its replay and conservation, with no server running
	$(CARGO) run --release --locked -p florin-server --bin florin -- \
		verify --data '$(or $(DATA),.florin/data)' $(json)
