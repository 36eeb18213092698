"""`seatkeep-agent setup | prepare | run | service | supervise | status | uninstall`."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import Coroutine
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from seatkeep_license.localhost import install_localhost_names
from seatkeep_machine.network import proxy_use

from seatkeep_agent import __version__
from seatkeep_agent.config import Config, StatusFile, config_load
from seatkeep_agent.daemon import RETIRED, Agent
from seatkeep_agent.errors import AgentError, ExitCode, LocalFailureError
from seatkeep_agent.identity import Identity, identity_load
from seatkeep_agent.joining import wait_for_approval
from seatkeep_agent.keys import agent_keys_load
from seatkeep_agent.paths import Layout
from seatkeep_agent.platforms import platform
from seatkeep_agent.platforms.base import Platform
from seatkeep_agent.preparing import prepare
from seatkeep_agent.removal import files_remove, isolation_end, uninstall
from seatkeep_agent.setup import say, setup_run, status_read
from seatkeep_agent.store import Store
from seatkeep_agent.supervisor import program_command, supervise


def main(arguments: list[str] | None = None) -> int:
    """Run a command; the exit codes of `setup` are those of `ExitCode`."""
    on = platform()
    options = parser(on).parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    logging.getLogger("nats").setLevel(logging.ERROR)
    try:
        layout = _prepare_process(options.root)
        return int(dispatch(options, layout, on))
    except AgentError as error:
        complain(error)
        return int(error.exit_code)
    except OSError as error:
        complain(error)
        return int(ExitCode.LOCAL_FAILURE)


def complain(error: Exception) -> None:
    """Say why a command ends: to whoever called it, and where nobody did (a service) in the log."""
    if sys.stderr is None:
        logging.getLogger(__name__).error("%s", error)
    else:
        sys.stderr.write(f"seatkeep: {error}\n")


def parser(on: Platform) -> argparse.ArgumentParser:
    """The command line. No secret is ever an argument: others could read it."""
    main_parser = argparse.ArgumentParser(prog="seatkeep-agent", description="The Seatkeep agent of this computer.")
    main_parser.add_argument("--version", action="version", version=__version__)
    commands = main_parser.add_subparsers(dest="command", required=True)
    described = {
        "setup": "join a console with the key of SEATKEEP_KEY (or standard input) and start; a service unless "
        "SEATKEEP_SERVICE=none; SEATKEEP_MACHINE_ID (any stable text) makes it a computer of its own where several "
        "share one machine's hardware; SEATKEEP_GROUP and SEATKEEP_PROXY say what the options do",
        "prepare": "write down console and key (SEATKEEP_KEY); `run` then joins by itself; what is not given stays",
        "run": "serve until asked to end",
        "service": "run as a service of Windows; its service manager starts this",
        "supervise": "run and start again whenever it dies",
        "status": "say how things stand",
        "uninstall": "give the seat back and remove everything",
    }
    for name, help_text in described.items():
        command = commands.add_parser(name, help=help_text, description=help_text)
        command.add_argument("--root", type=Path, default=on.default_root(), help="folder of the installation")
        if name in ("setup", "prepare"):
            is_needed = name == "setup"
            command.add_argument("--console", required=is_needed, default="", help="the console's address for devices")
            command.add_argument("--ca", type=Path, help="certificate authority of the console (PEM)")
            command.add_argument(
                "--group",
                default=os.environ.get("SEATKEEP_GROUP", ""),
                help="group for a new computer, such as Office/Reception",
            )
            command.add_argument(
                "--proxy",
                default=os.environ.get("SEATKEEP_PROXY", ""),
                help="http://host:port for all connections; none: forget it",
            )
        if name == "prepare":
            command.add_argument("--no-endpoint", action="store_true", help="the agent alone, no endpoint to start")
        if name == "setup":
            command.add_argument("--wait", type=float, default=90.0, help="seconds to wait for protection")
    return main_parser


def dispatch(options: argparse.Namespace, layout: Layout, on: Platform) -> int:
    """One command."""
    if options.command == "setup":
        return setup_run(
            layout=layout, platform=on, console=options.console, ca=options.ca, group=options.group,
            proxy=options.proxy, seconds=options.wait,
        )  # fmt: skip
    if options.command == "prepare":
        return show_prepared(options, layout)
    if options.command == "run":
        return run(layout, on)
    if options.command == "supervise":
        hold(on, layout.pid_file)
        command = [*program_command("seatkeep-agent", "seatkeep_agent"), "run", "--root", str(layout.root)]
        asyncio.run(supervise(command, on))
        return 0
    if options.command == "service":
        return on.service_run(layout.root, lambda: run(layout, on))
    if options.command == "status":
        return show_status(layout, on)
    is_released = uninstall(layout, on)
    say("removed" if is_released else "removed; the seat was not given back (the hub or the endpoint did not answer)")
    return 0


def run(layout: Layout, on: Platform) -> int:
    """Run the agent in the foreground; 0 when it was asked to end, or retired."""
    hold(on, layout.root / "run" / "agent.lock")
    config = config_load(layout)
    if config is None:
        raise LocalFailureError(f"{layout.root} is not set up; run seatkeep-agent setup")
    proxy_use(config.proxy)
    store = Store(layout.database)
    try:
        if store.fact(RETIRED, bool) is None:
            asyncio.run(serve(layout, on, store, config))
        is_removing = store.fact(RETIRED, bool)
    finally:
        store.close()
    if is_removing is not None:
        leave(layout, on, is_removing=is_removing)
    return 0


def show_prepared(options: argparse.Namespace, layout: Layout) -> int:
    """Prepare, and say what `run` will do."""
    key = os.environ.pop("SEATKEEP_KEY", "")
    is_joining = prepare(
        layout=layout, console=options.console, key=key, ca=options.ca, has_endpoint=not options.no_endpoint,
        group=options.group, proxy=options.proxy,
    )  # fmt: skip
    say("will ask the console to join" if is_joining else "is a device of a console already, and stays that")
    return 0


async def serve(layout: Layout, on: Platform, store: Store, config: Config) -> None:
    """Become a device if we wait for approval still, then be one."""
    keys = agent_keys_load(layout.keys)
    identity = identity_load(store)
    if identity is None:
        waiting = wait_for_approval(config=config, keys=keys, platform=on, layout=layout, store=store)
        identity = await unless_stopped(waiting, on)
    if identity is None:
        return
    agent = Agent(
        layout=layout, store=store, keys=keys, identity=identity, platform=on, has_endpoint=config.has_endpoint
    )
    await agent.run()


async def unless_stopped(waiting: Coroutine[Any, Any, Identity], on: Platform) -> Identity | None:
    """Wait for an identity; None when this process is asked to end first."""
    task = asyncio.create_task(waiting)
    with on.stop_requests(task.cancel, is_with_input=False), suppress(asyncio.CancelledError):
        return await task
    return None


def leave(layout: Layout, on: Platform, *, is_removing: bool) -> None:
    """After a retire order: no service any more, and no files if so ordered."""
    logging.getLogger(__name__).info("retired by the console")
    isolation_end(layout.root)
    if is_removing:
        files_remove(layout.root)
    on.service_remove(layout.root)


def show_status(layout: Layout, on: Platform) -> int:
    """Say how things stand; 0 when connected and not unprotected."""
    view = status_read(layout)
    say(on.service_state(layout.root))
    if view is None:
        say("no report yet")
        return 1
    say(f"device {view.device or 'not enrolled'}, {'connected' if view.is_connected else 'not connected'}")
    say(f"license {view.license}{f' ({view.license_error})' if view.license_error else ''}")
    say(f"protection {view.protection}{': ' + ', '.join(view.reasons) if view.reasons else ''}")
    if view.isolated_until_us:
        say(isolation_words(view))
    if view.last_error:
        say(f"last trouble: {view.last_error}")
    return 0 if view.is_connected and view.protection != "NOT_PROTECTED" else 1


def isolation_words(view: StatusFile) -> str:
    """Until when, by whom and why this machine is cut off the network."""
    until = datetime.fromtimestamp(view.isolated_until_us / 1_000_000, UTC).astimezone().strftime("%Y-%m-%d %H:%M")
    who = f" by {view.isolated_by}" if view.isolated_by else ""
    why = f": {view.isolated_reason}" if view.isolated_reason else ""
    return f"isolated from the network{who} until {until}{why}"


def hold(on: Platform, pid_file: Path) -> None:
    """Make sure that this is the only one of its kind below this root.

    Raises:
        LocalFailureError: Another one runs.
    """
    if on.hold(pid_file) is None:
        raise LocalFailureError(f"another process holds {pid_file}")


def _prepare_process(root: Path) -> Layout:
    """What every command does first."""
    install_localhost_names()
    layout = Layout(root.absolute())
    try:
        layout.prepare()
    except OSError as error:
        raise AgentError(f"{layout.root}: {error.strerror or error}") from error
    return layout


if __name__ == "__main__":
    sys.exit(main())
