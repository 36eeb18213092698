"""`seatkeep-bench`: simulate devices, sweep for a limit, measure."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import signal
import sys
from pathlib import Path

from seatkeep_license.localhost import install_localhost_names

from seatkeep_bench.errors import BenchError
from seatkeep_bench.fleet import FleetPlan, simulate, sweep
from seatkeep_bench.hub.bench import hub_bench
from seatkeep_bench.hub.sizes import TINY, HubSizes
from seatkeep_bench.manager.bench import manager_bench
from seatkeep_bench.manager.sizes import TINY as MANAGER_TINY
from seatkeep_bench.manager.sizes import ManagerSizes
from seatkeep_bench.results import table, write
from seatkeep_bench.smoke import SmokeSizes, smoke

TARGET_FOLDER = Path("build/bench")


def main() -> None:
    """Run the command line; exit code 1 when something goes wrong, 2 for wrong arguments."""
    arguments = _parser().parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # So that a stack of our own is stopped as by Ctrl-C.
    install_localhost_names()
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # It warns of each TLS connection that nats-py hangs up.
    try:
        arguments.run(arguments)
    except BenchError as error:
        print(f"seatkeep-bench: {error}", file=sys.stderr)
        raise SystemExit(1) from error
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="seatkeep-bench", description="Simulated devices and benches.")
    commands = parser.add_subparsers(required=True)
    run = commands.add_parser("simulate", help="Run a fleet of simulated devices.")
    _fleet_options(run)
    run.add_argument("--seconds", type=float, help="End after so many seconds; without it, Ctrl-C ends it.")
    run.set_defaults(run=_simulate)
    up = commands.add_parser("sweep", help="Add devices until a report takes too long to be acknowledged.")
    _fleet_options(up)
    up.add_argument("--step", type=int, default=100, help="Devices per step (100).")
    up.add_argument("--hold", type=float, default=20, help="Seconds per step (20).")
    up.add_argument("--limit", type=float, default=1.0, help="Limit of the 99th percentile, seconds (1).")
    up.set_defaults(run=_sweep)
    measure = commands.add_parser("smoke", help="Activations, reports and policy latency beside their floors.")
    measure.add_argument("--folder", type=Path, default=TARGET_FOLDER, help="Stack, fleet and result (build/bench).")
    measure.add_argument("--activations", type=int, default=SmokeSizes.activations)
    measure.add_argument("--reports", type=int, default=SmokeSizes.reports)
    measure.add_argument("--agents", type=int, default=SmokeSizes.agents)
    measure.set_defaults(run=_smoke)
    hub = commands.add_parser("hub", help="The hub with a distributor's data, each figure beside its floor.")
    hub.add_argument("--folder", type=Path, default=TARGET_FOLDER, help="Stack and result (build/bench).")
    hub.add_argument("--tiny", action="store_true", help="A few rows of each kind: does it run?")
    hub.set_defaults(run=_hub)
    manager = commands.add_parser(
        "manager", help="The console with thousands of devices, each figure beside its floor."
    )
    manager.add_argument("--folder", type=Path, default=TARGET_FOLDER, help="Stacks and result (build/bench).")
    manager.add_argument("--tiny", action="store_true", help="A few rows of each kind: does it run?")
    manager.set_defaults(run=_manager)
    return parser


def _fleet_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--devices", type=int, required=True, help="How many.")
    parser.add_argument("--console", required=True, help="The console's address for devices.")
    parser.add_argument("--key", required=True, help="Deployment key or install link token.")
    parser.add_argument("--folder", type=Path, default=TARGET_FOLDER / "fleet", help="What the devices remember.")
    parser.add_argument("--seed", default="seatkeep", help="Makes the fleet; the same seed, the same devices.")
    parser.add_argument("--servers", type=float, default=0.1, help="Share of servers, 0 to 1 (0.1).")
    parser.add_argument("--ramp", type=float, default=20, help="Devices started per second (20).")
    parser.add_argument("--ca", type=Path, help="The stack's own CA (PEM).")
    parser.add_argument("--heartbeat", type=float, help="Seconds between heartbeats; without it, policy decides.")
    parser.add_argument("--license-key", help="Activate by this key instead of the console's ticket.")


def _plan(arguments: argparse.Namespace) -> FleetPlan:
    return FleetPlan(
        console_url=arguments.console.rstrip("/"),
        key=arguments.key,
        folder=arguments.folder,
        devices=arguments.devices,
        seed=arguments.seed,
        server_share=arguments.servers,
        ramp_per_second=arguments.ramp,
        ca_file=arguments.ca,
        heartbeat_seconds=arguments.heartbeat,
        license_key=arguments.license_key,
    )


def _simulate(arguments: argparse.Namespace) -> None:
    async def run() -> None:
        task = asyncio.current_task()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, task.cancel if task else lambda: None)
        with contextlib.suppress(asyncio.CancelledError):
            await simulate(_plan(arguments), seconds=arguments.seconds, tell=_tell)

    asyncio.run(run())


def _sweep(arguments: argparse.Namespace) -> None:
    good = asyncio.run(
        sweep(
            _plan(arguments),
            step=arguments.step,
            hold_seconds=arguments.hold,
            limit_seconds=arguments.limit,
            tell=_tell,
        )
    )
    _tell(f"{good} devices stay within {arguments.limit} s")


def _smoke(arguments: argparse.Namespace) -> None:
    sizes = SmokeSizes(activations=arguments.activations, reports=arguments.reports, agents=arguments.agents)
    rows = smoke(arguments.folder, sizes, _tell)
    write(rows, arguments.folder / "smoke.json")
    _tell(table(rows))


def _hub(arguments: argparse.Namespace) -> None:
    rows = hub_bench(arguments.folder, TINY if arguments.tiny else HubSizes(), _tell)
    write(rows, arguments.folder / "bench-hub.json")
    _tell(table(rows))


def _manager(arguments: argparse.Namespace) -> None:
    rows = manager_bench(arguments.folder, MANAGER_TINY if arguments.tiny else ManagerSizes(), _tell)
    _tell(table(rows))


def _tell(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    main()
