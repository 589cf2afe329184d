# smstrack: one recipe per task. `make help` lists them. Hooks and .ci/run call these.
#
# Needs Python 3.11 to 3.13, a Rust toolchain, make and a C compiler; nothing else, no root,
# no service. Everything it makes is in .venv/ and target/. One Rust profile only (release):
# the tests drive loads, and the engine is compiled once for the extension and for its tests.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null \
	&& { echo "$$p"; break; }; done)
BIN := .venv/bin
T ?= 60
FUZZ_TARGETS := decode json profile verify
# What libFuzzer needs to see where an input leads. No sanitizer: the engine has no unsafe code.
FUZZ_FLAGS := --cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
	-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
	-Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 -Cdebug-assertions=yes
SEED ?= 1
CONTACTS ?= 100000
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# The core is built from source for this machine's Python; cargo must find it too.
export PYO3_PYTHON := $(CURDIR)/.venv/bin/python

# Compiled rules are kept where the command keeps them; in target where that cannot be written.
export XDG_CACHE_HOME := $(shell d="$${XDG_CACHE_HOME:-$$HOME/.cache}"; \
	mkdir -p "$$d/smstrack" 2>/dev/null && test -w "$$d/smstrack" && echo "$$d" || echo "$(CURDIR)/target/cache")
RUST_SOURCES := $(shell find rust -name '*.rs' -o -name Cargo.toml 2>/dev/null | grep -v /target/) \
	Cargo.toml Cargo.lock pyproject.toml

.PHONY: help prerequisites setup build demo test test-all test-rust test-py lint format stubs fuzz bench \
	soak races tsan ci clean lock model

help: ## List the tasks
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-10s %s\n", $$1, $$2}'

prerequisites:
	@[ -n "$(PYTHON)" ] || { echo "smstrack needs Python 3.11, 3.12 or 3.13: install it from your system (apt-get install python3 python3-venv) or python.org, or say make PYTHON=/path/to/python3" >&2; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { echo "smstrack needs Python's venv module: apt-get install python3-venv, or another Python by make PYTHON=/path/to/python3" >&2; exit 1; }
	@command -v cargo >/dev/null || { echo "smstrack needs a Rust toolchain (cargo): get it from https://rustup.rs, then open a new shell" >&2; exit 1; }
	@command -v cc >/dev/null || { echo "smstrack needs a C compiler (cc) to link: apt-get install gcc libc6-dev, or xcode-select --install" >&2; exit 1; }

# Made anew only when the locked dependencies change.
.venv/.locked: requirements.lock | prerequisites
	@echo "setting up .venv"
	@"$(PYTHON)" -m venv --clear .venv
	@$(BIN)/pip install --quiet --require-hashes --only-binary :all: -r requirements.lock
	@touch $@

.venv/.built: .venv/.locked $(RUST_SOURCES) | prerequisites
	@echo "building the core (release)"
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

# Compiled rules depend on the processor, so they are in no package: the first start makes them.
.venv/.rules: .venv/.built $(wildcard python/smstrack_core/replies/rules/*.toml)
	@echo "compiling the rules of replies (once, a minute or two)"
	@$(BIN)/python -c 'from smstrack_core.replies.label import labeller; labeller()'
	@touch $@

setup: .venv/.locked ## Make .venv with the locked dependencies

build: .venv/.built .venv/.rules ## Build the core and install the package into .venv

demo: build ## Run the main job end to end and check every figure (SEED=1 CONTACTS=100000)
	@$(BIN)/smstrack demo --seed $(SEED) --contacts $(CONTACTS)

# The table of faults is printed whatever happened: what did not run is in it, with the reason.
test: build ## Set everything up, run all tests, and print the table of faults
	@mkdir -p target/faults; rm -f target/faults/T1.jsonl; status=0; \
	FAULT_ROWS="$(CURDIR)/target/faults/T1.jsonl" $(MAKE) --no-print-directory test-all || status=$$?; \
	$(BIN)/python tests/fault_rows.py T1 target/faults/T1.jsonl || status=1; exit $$status

test-all: test-rust test-py

test-rust: setup ## Run the Rust tests
	cargo test --release --locked --quiet

test-py: build ## Run the Python tests
	$(BIN)/pytest

lint: build ## Check style, types, lints and stubs; change nothing
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --release --locked --quiet -- -D warnings
	RUSTFLAGS="--cfg loom" cargo check --release --locked --quiet -p smstrack-engine --features mutants \
		--lib --tests --target-dir target/loom
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/python -c 'import smstrack_core._core'
	$(BIN)/stubtest smstrack_core._core --mypy-config-file pyproject.toml

format: setup ## Rewrite the sources in their one style
	cargo fmt --all
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

stubs: build ## Check that _core.pyi and the compiled core agree
	$(BIN)/python -c 'import smstrack_core._core'
	$(BIN)/stubtest smstrack_core._core --mypy-config-file pyproject.toml

# Whoever has no C++ compiler, which nothing else here needs, is told and goes on.
fuzz: | prerequisites ## Throw random input at the parsers, T seconds for all (T=60)
	@command -v c++ >/dev/null || { echo "nothing is fuzzed: that needs a C++ compiler (apt-get install g++)" >&2; exit 0; }; \
	"$(PYTHON)" fuzz/seed.py; \
	host=$$(rustc -vV | sed -n 's/^host: //p'); \
	RUSTFLAGS="$(FUZZ_FLAGS)" cargo build --release --locked --quiet --manifest-path fuzz/Cargo.toml \
		--target-dir target/fuzz --target "$$host"; \
	mkdir -p target/fuzz/artifacts; \
	share=$$(( $(T) / $(words $(FUZZ_TARGETS)) )); for name in $(FUZZ_TARGETS); do \
		echo "== fuzzing $$name for $$share s"; \
		"target/fuzz/$$host/release/$$name" "fuzz/corpus/$$name" -max_total_time=$$share \
			-max_len=16384 -timeout=300 -rss_limit_mb=2048 -print_final_stats=1 -verbosity=0 \
			-artifact_prefix=target/fuzz/artifacts/; \
	done

.venv/.bench: .venv/.locked bench/requirements.txt
	@$(BIN)/pip install --quiet --only-binary :all: -r bench/requirements.txt
	@touch $@

bench: build .venv/.bench ## Measure beside the rivals, checking every answer
	cargo build --release --locked --quiet -p smstrack-load
	$(BIN)/python bench/ingest.py
	$(BIN)/python bench/http.py
	$(BIN)/python bench/replies.py --texts 20000 --sample 200

model: build ## Fit the model that hears replies, from the lines in training/ and tests/
	test -d target/training || $(PYTHON) -m venv target/training
	target/training/bin/pip install --quiet --requirement training/requirements.txt
	PYTHONPATH=python:$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))') \
		target/training/bin/python training/fit.py

# One build with the planted defects, then the long tier of every row, without them.
soak: build ## Run the long tier of faults (about an hour), with kills for T seconds (T=60)
	@mkdir -p target/faults; rm -f target/faults/T2.jsonl; status=0; \
	export FAULT_TIER=T2 FAULT_ROWS="$(CURDIR)/target/faults/T2.jsonl"; \
	cargo test --release --locked --quiet -p smstrack-engine --features mutants --test faults -- \
		--ignored --nocapture || status=1; \
	cargo test --release --locked --quiet -p smstrack-engine --examples || status=1; \
	cargo build --release --locked --quiet -p smstrack-engine --examples || status=1; \
	for name in faults crash corruption order golden threads; do \
		PROPTEST_CASES=100000 cargo test --release --locked --quiet -p smstrack-engine --test $$name || status=1; \
	done; \
	SOAK_SECONDS=$(T) $(BIN)/pytest -s tests/test_kill.py tests/test_faults_process.py \
		tests/test_faults_disk.py tests/test_faults_block.py tests/test_faults_cuts.py \
		tests/test_faults_limits.py tests/test_faults_time.py tests/test_faults_restart.py \
		tests/test_replay.py || status=1; \
	HARNESS_SNAPSHOT_RECORDS=20000 $(BIN)/pytest -s tests/test_duplicates.py || status=1; \
	$(MAKE) --no-print-directory races || status=1; $(MAKE) --no-print-directory tsan || status=1; \
	$(BIN)/python tests/fault_rows.py T2 target/faults/T2.jsonl || status=1; exit $$status

# Each checker brings its own locks, so each has a build of its own, which no other task makes.
races: | prerequisites ## Run the engine's threads in every order (loom), and in many at random (shuttle)
	@status=0; for checker in loom shuttle; do \
		RUSTFLAGS="--cfg $$checker" CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
		CARGO_PROFILE_RELEASE_DEBUG=false cargo test --release --locked --quiet -p smstrack-engine \
			--features mutants --lib --target-dir target/$$checker races:: || status=1; \
	done; exit $$status

tsan: | prerequisites ## Run threads at once under ThreadSanitizer (TSAN_SECONDS=600)
	@"$(PYTHON)" tests/tsan.py

ci: lint test fuzz ## What every submission must pass

lock: ## Lock the dependencies of pyproject.toml anew (needs uv)
	uv pip compile pyproject.toml --group work --universal --python-version 3.11 \
		--generate-hashes --no-header --upgrade -o requirements.lock

clean: ## Remove what was built
	rm -rf .venv target dist .mypy_cache .ruff_cache .pytest_cache
