"""The keeper of an isolation, as a process that can be killed; obeys lines of standard input (see `netns.Cable`)."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from seatkeep_agent.isolation import IsolationKeeper
from seatkeep_agent.removal import isolation_end
from seatkeep_agent.store import Store
from seatkeep_machine.firewall import firewall
from seatkeep_protocol.tasks import IsolateParams


async def main() -> None:
    """Obey until the end of input."""
    folder, passed = Path(sys.argv[1]), [timedelta()]
    keeper = IsolationKeeper(
        store=Store(folder / "agent.db"), firewall=firewall(folder), urls=list, allowed=list,
        is_server=lambda: True, say=lambda text: None, on_change=lambda: None,
        clock=lambda: datetime.now(UTC) + passed[0],
    )  # fmt: skip
    keeper.restore()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        what, _, argument = line.strip().partition(" ")
        if what == "isolate":
            await keeper.isolate(IsolateParams(allow=[argument], is_for_servers=True))
        elif what == "release":
            await keeper.release()
        else:
            passed[0] += timedelta(hours=int(argument))
            await keeper.look()
        sys.stdout.write("done\n")
        sys.stdout.flush()


if sys.argv[-1] == "remove":
    isolation_end(Path(sys.argv[1]))
else:
    asyncio.run(main())
