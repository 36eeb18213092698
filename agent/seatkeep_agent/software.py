"""Fetches a package, makes sure that it is the one that was ordered, and lets the system's package manager have it."""

from __future__ import annotations

import asyncio
import hashlib
import ssl
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from seatkeep_license.localhost import is_localhost_name
from seatkeep_machine.errors import SoftwareError
from seatkeep_machine.software import Outcome, install_command, remove_command, software_run
from seatkeep_protocol.tasks import PackageFormat, SoftwareInstallParams, SoftwareUninstallParams

from seatkeep_agent.errors import LocalFailureError, WorkFailedError

SIZE_LIMIT_BYTES = 2 * 1024**3
TIMEOUT_SECONDS = 60.0
TELL_BYTES = 8 * 1024**2
Tell = Callable[[dict[str, Any]], None]
Run = Callable[[list[str]], Outcome]


async def software_install(
    params: SoftwareInstallParams, *, folder: Path, tls: ssl.SSLContext, tell: Tell, run: Run = software_run
) -> dict[str, Any]:
    """Install a package.

    Args:
        params: Which one, and where its file is.
        folder: A private one, for the file.
        tls: Whom to trust on the way.
        tell: Hears how far the download is.
        run: Runs the package manager.

    Returns:
        `{exit_code, output, needs_restart}`.

    Raises:
        LocalFailureError: The file is not there or not the one that was ordered; nothing was installed.
        WorkFailedError: The package manager failed.
    """
    with tempfile.TemporaryDirectory(dir=folder, prefix="software-") as private:
        file = Path(private) / f"package.{params.format.value.lower()}"
        try:
            digest = await _fetch(params.url, file, tls, tell)
        except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, OSError) as error:
            raise LocalFailureError(f"{params.url}: {error or type(error).__name__}") from error
        if digest != params.sha256:
            raise LocalFailureError(f"the file at {params.url} is not the one that was ordered (SHA-256 {digest})")
        return await _run(lambda: run(install_command(params.format, file)))


async def software_remove(params: SoftwareUninstallParams, *, run: Run = software_run) -> dict[str, Any]:
    """Remove a package; what is not installed counts as removed where the package manager says so.

    Raises:
        WorkFailedError: The package manager failed.
    """
    return await _run(lambda: run(remove_command(PackageFormat(params.format), params.package)))


async def _fetch(url: str, file: Path, tls: ssl.SSLContext, tell: Tell) -> str:
    """Download; its SHA-256.

    Raises:
        LocalFailureError: It is too large.
    """
    digest, size, told = hashlib.sha256(), 0, 0
    is_own_machine = is_localhost_name(urlsplit(url).hostname)
    client = httpx.AsyncClient(
        verify=tls, timeout=TIMEOUT_SECONDS, trust_env=not is_own_machine, follow_redirects=True, max_redirects=5
    )
    async with client, client.stream("GET", url) as answer:
        answer.raise_for_status()
        with file.open("wb") as out:
            async for chunk in answer.aiter_bytes(1024**2):
                size += len(chunk)
                if size > SIZE_LIMIT_BYTES:
                    raise LocalFailureError(f"the file at {url} is larger than 2 GB")
                digest.update(chunk)
                out.write(chunk)
                if size - told >= TELL_BYTES:
                    tell({"downloaded_bytes": size})
                    told = size
    return digest.hexdigest()


async def _run(work: Callable[[], Outcome]) -> dict[str, Any]:
    try:
        done = await asyncio.to_thread(work)
    except SoftwareError as error:
        found = {"code": "package_manager", "exit_code": error.code, "output": error.output}
        raise WorkFailedError(str(error), found) from error
    return {"exit_code": done.code, "output": done.output, "needs_restart": done.needs_restart}
