"""YARA-X: compiled into the process, needs no rights and little memory; the default engine."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import BinaryIO

import yara_x
from seatkeep_protocol.protection import Capabilities

from seatkeep_endpoint.engines.base import Finding
from seatkeep_endpoint.errors import EngineError

WINDOW_BYTES = 32 * 1024 * 1024
OVERLAP_BYTES = 64 * 1024
TIMEOUT_SECONDS = 60


class YaraEngine:
    """Rules compiled once; a scanner per thread.

    Files up to 32 MiB are examined whole, bigger ones in windows that overlap by 64 KiB, so memory stays bounded
    and a file that shrinks meanwhile cannot crash the process (as a memory map would).

    Args:
        sources: (origin, rule text) of every rule file; broken ones are left out and listed in `broken`.
        has_own_rules: True when rules beyond the shipped ones are loaded.
        rules_at: When the newest rule file was made, aware UTC.
    """

    code = "yara"

    def __init__(self, sources: Iterable[tuple[str, str]], *, has_own_rules: bool, rules_at: datetime) -> None:
        self.broken: list[str] = []
        self.has_own_rules = has_own_rules
        self.rules_at = rules_at
        self._rules = self._compile(sources)
        self._local = threading.local()

    def _compile(self, sources: Iterable[tuple[str, str]]) -> yara_x.Rules:
        compiler = yara_x.Compiler(includes_enabled=False)
        for number, (origin, text) in enumerate(sources):
            compiler.new_namespace(f"file{number}")
            try:
                compiler.add_source(text, origin=origin)
            except yara_x.CompileError:
                self.broken.append(origin)
        return compiler.build()

    def version(self) -> str:
        """Version of the YARA-X library."""
        return version("yara-x")

    def capabilities(self) -> Capabilities:
        """On demand and scheduled; the shipped rules alone count as test rules."""
        return Capabilities(
            is_running=True,
            scheduled=True,
            is_test_rules=not self.has_own_rules,
            signatures_at_us=int(self.rules_at.timestamp() * 1_000_000),
        )

    def examine(self, file: BinaryIO, *, size_bytes: int) -> Finding | None:
        """Examine a file in windows; the first match ends it."""
        for window in read_windows(file, size_bytes):
            finding = self._examine_window(window)
            if finding:
                return finding
        return None

    def _examine_window(self, window: bytes) -> Finding | None:
        try:
            matches = self._scanner().scan(window).matching_rules
        except (yara_x.ScanError, yara_x.TimeoutError) as error:
            raise EngineError(str(error)) from error
        if not matches:
            return None
        rule = matches[0]
        meta = dict(rule.metadata)
        return Finding(name=str(meta.get("name", rule.identifier)), engine=self.code, is_test=bool(meta.get("is_test")))

    def _scanner(self) -> yara_x.Scanner:
        scanner: yara_x.Scanner | None = getattr(self._local, "scanner", None)
        if scanner is None:
            scanner = yara_x.Scanner(self._rules)
            scanner.set_timeout(TIMEOUT_SECONDS)
            self._local.scanner = scanner
        return scanner


def read_windows(file: BinaryIO, size_bytes: int) -> Iterator[bytes]:
    """Pieces of a file of at most `WINDOW_BYTES`, each beginning with the last `OVERLAP_BYTES` of the one before."""
    window = file.read(min(size_bytes + 1, WINDOW_BYTES))
    yield window
    while len(window) == WINDOW_BYTES:
        fresh = file.read(WINDOW_BYTES - OVERLAP_BYTES)
        if not fresh:
            return
        window = window[-OVERLAP_BYTES:] + fresh
        yield window


def load_rule_files(folders: Iterable[Path]) -> list[tuple[str, str]]:
    """(name, text) of every `*.yar` in the folders, by name; unreadable ones are left out."""
    files = sorted(path for folder in folders if folder.is_dir() for path in folder.glob("*.yar"))
    return [(path.name, path.read_text(encoding="utf-8", errors="replace")) for path in files if path.is_file()]
