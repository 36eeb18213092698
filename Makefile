# Two commands for a newcomer: `make demo` and `make test`. Everything stays inside this folder.
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help setup ui bundle demo clean-demo lint test test-fast bench-smoke screenshots lock

help: ## List the commands.
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

setup: ## Python dependencies by the lock, into .venv.
	@scripts/setup

lint: setup ## ruff, mypy --strict and the layers.
	@scripts/lint

lock: ## Write requirements.lock anew.
	@scripts/lock
