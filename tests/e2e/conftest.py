"""A whole Seatkeep for the journeys: started by its own command, on free ports, in a folder that goes away."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Self

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from seatkeep_launcher.ports import find_free_port, is_free

ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium")
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass(frozen=True)
class Ports:
    """Ports of one installation, all different: three that its users meet, and the first of a row of ten inside."""

    http: int
    https: int
    nats: int
    internal: int

    INTERNAL_SIZE: ClassVar[int] = 10

    @classmethod
    def find(cls) -> Self:
        """Ports that nothing listens on.

        Raises:
            RuntimeError: There are none.
        """
        for _ in range(50):
            internal = find_free_port()
            row = range(internal, internal + cls.INTERNAL_SIZE)
            outer = {find_free_port() for _ in range(3)}
            if len(outer) == 3 and outer.isdisjoint(row) and all(is_free(port) for port in row):
                http, https, nats = outer
                return cls(http, https, nats, internal)
        raise RuntimeError("no free ports")


@dataclass
class Stack:
    """A running installation.

    Attributes:
        data: Its folder.
        ports: Options that choose its ports.
        more: Further settings, as environment variables.
    """

    data: Path
    http_port: int
    https_port: int
    nats_port: int
    internal_port: int
    setup_link: str = ""
    more: dict[str, str] = field(default_factory=dict)

    @property
    def licensing(self) -> str:
        """Address of the hub for people."""
        return f"http://licensing.localhost:{self.http_port}"

    @property
    def console(self) -> str:
        """Address of the manager for people."""
        return f"http://console.localhost:{self.http_port}"

    @property
    def environment(self) -> dict[str, str]:
        """What the launcher's commands need to find this installation."""
        return {
            **os.environ,
            "SEATKEEP_DATA": str(self.data),
            "SEATKEEP_HTTP_PORT": str(self.http_port),
            "SEATKEEP_HTTPS_PORT": str(self.https_port),
            "SEATKEEP_NATS_PORT": str(self.nats_port),
            "SEATKEEP_INTERNAL_PORT": str(self.internal_port),
            "SEATKEEP_BUNDLE_DIR": str(ROOT / "build/bundle"),
            **self.more,
        }

    def seatkeep(self, *arguments: str, timeout: float = 180) -> str:
        """Run a command of the launcher and give what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "seatkeep_launcher", *arguments],
            env=self.environment, capture_output=True, text=True, timeout=timeout, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @property
    def console_link(self) -> str:
        """The one-time link that opens the page of a console that is not linked; empty once it is."""
        found = re.search(r"http\S+/connect/\S+", self.seatkeep("status"))
        return found.group(0) if found else ""

    def up(self) -> None:
        """Start it; the first time, remember the set-up link."""
        printed = self.seatkeep("up", "--detach")
        found = re.search(r"http\S+/setup/\S+", printed)
        self.setup_link = found.group(0) if found else self.setup_link

    def down(self) -> None:
        """Stop it."""
        self.seatkeep("down")


def stack_make(**environment: str) -> Stack:
    """A stack on free ports that does not run yet."""
    data = Path(tempfile.mkdtemp(prefix="seatkeep-e2e-"))
    data.chmod(0o755)
    ports = Ports.find()
    return Stack(data, ports.http, ports.https, ports.nats, ports.internal, more=environment)


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """A fresh installation for the tests of one file, in order."""
    one = stack_make()
    one.up()
    try:
        yield one
    finally:
        one.down()
        shutil.rmtree(one.data, ignore_errors=True)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    if CHROMIUM is None:
        pytest.skip("no chromium (apt-get install chromium)")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """One browser page for a file's journey; its cookies live as long."""
    context = browser.new_context(viewport={"width": 1366, "height": 900})
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()
