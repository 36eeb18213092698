"""The logs of agent and endpoint in one bounded archive, for whoever has to find out what is wrong."""

from __future__ import annotations

import asyncio
import hashlib
import io
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from seatkeep_protocol.uploads import FILE_LIMIT_BYTES, UploadClaims

from seatkeep_agent.clock import utc_now
from seatkeep_agent.errors import LocalFailureError, ManagerRefusedError, ManagerUnreachableError
from seatkeep_agent.identity import Identity
from seatkeep_agent.keys import AgentKeys
from seatkeep_agent.manager import Manager
from seatkeep_agent.paths import Layout
from seatkeep_agent.runner import OwnRun

TAILS_BYTES = (4 * 1024**2, 512 * 1024, 64 * 1024)
"""How much of the end of each file is taken; the next, when the archive would be too large."""


def logs_collect(layout: Layout, more: Mapping[str, bytes]) -> bytes:
    """A zip of at most 2 MB.

    Args:
        layout: Where the logs are.
        more: File name → content that the system keeps elsewhere.
    """
    files = [
        layout.log_file, layout.root / "var" / "endpoint.log", layout.status_file, layout.config,
        layout.root / "run" / "endpoint-status.json",
    ]  # fmt: skip
    for tail in TAILS_BYTES:
        own = {path.name: _tail(path, tail) for path in files}
        packed = _zip({**own, **{name: raw[-tail:] for name, raw in more.items()}})
        if len(packed) <= FILE_LIMIT_BYTES:
            break
    return packed


def _zip(members: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            if content:
                archive.writestr(name, content)
    return packed.getvalue()


def _tail(path: Path, size: int) -> bytes:
    with suppress(OSError), path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - size))
        return file.read(size)
    return b""


async def logs_send(
    run: OwnRun, *, layout: Layout, identity: Identity, keys: AgentKeys, service_log: Callable[[Path], bytes]
) -> dict[str, Any]:
    """Collect the logs and send them to the manager, by the first of its addresses that takes them.

    Returns:
        `{bytes, sha256}`.

    Raises:
        LocalFailureError: No address took them.
    """
    content = await asyncio.to_thread(lambda: logs_collect(layout, {"service.log": service_log(layout.root)}))
    digest = hashlib.sha256(content).hexdigest()
    reason = "no address of the console is known"
    for address in identity.console:
        console = Manager(address, layout.ca_file, utc_now)

        def claims(iat: int, aud: str = console.console) -> UploadClaims:
            return UploadClaims(aud=aud, iat=iat, device=identity.device, run=run.run, sha256=digest)

        try:
            await console.upload(claims, content, keys)
        except (ManagerRefusedError, ManagerUnreachableError) as error:
            reason = str(error)
            continue
        return {"bytes": len(content), "sha256": digest}
    raise LocalFailureError(f"the logs could not be sent: {reason}")
