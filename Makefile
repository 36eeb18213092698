# Two commands for a newcomer: `make demo` and `make test`. Everything stays inside this folder.
.DEFAULT_GOAL := help
PYTHON ?= python3
export PYTHON
BIN := .venv/bin

.PHONY: help setup ui bundle demo clean-demo lint test test-fast fuzz bench-smoke bench-hub bench-manager screenshots lock packages test-windows

help: ## List the commands.
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

setup: ## Python dependencies by the lock, into .venv.
	@scripts/setup

lint: setup ## ruff, mypy --strict and the layers.
	@scripts/lint

lock: ## Write requirements.lock and the locks of the Windows packages anew.
	@scripts/lock
	@scripts/lock-windows

ui: setup ## Pages' assets (npm, with Node from the wheel when the machine has none).
	@scripts/ui

bundle: setup ## What the installer brings to a Linux machine: agent and endpoint.
	@scripts/bundle

packages: setup ## The Windows packages (MSI): the agent, and agent + endpoint, into build/packages.
	@scripts/packages

test-windows: setup ## The Windows adapters and packages under Wine.
	@scripts/test-windows

test: ## All tests; sets up what they need.
	@scripts/test

test-fast: ## All tests without the browser journeys.
	@scripts/test fast

demo: setup ui bundle ## The main job on embedded services; stays up until Ctrl-C (DEMO_FLAGS=--exit: ends by itself).
	@$(BIN)/seatkeep demo $(DEMO_FLAGS)

clean-demo: ## Remove the demo's data.
	@$(BIN)/seatkeep demo --clean

fuzz: setup ## Ten minutes of inputs that the codec has not seen yet; the corpus stays in build/fuzz.
	@mkdir -p build/fuzz
	@$(BIN)/python packages/protocol/tests/fuzz_codec.py build/fuzz/corpus -max_total_time=600 -max_len=65536 -artifact_prefix=build/fuzz/

bench-smoke: setup ui ## Activations, reports and policy latency beside their floors.
	@$(BIN)/seatkeep-bench smoke

bench-hub: setup ui ## The hub with a distributor's data: activations, sync, usage, closing, pages, search.
	@$(BIN)/seatkeep-bench hub

bench-manager: setup ui bundle ## The manager with 5,000 devices: joining, reports, documents, tasks, pages, link, agent.
	@$(BIN)/seatkeep-bench manager

screenshots: setup ui ## Every page, light, dark and phone, into build/screenshots.
	@scripts/screenshots
