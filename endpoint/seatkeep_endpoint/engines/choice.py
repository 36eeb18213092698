"""Which engine runs: the one that policy wants, where this machine allows it."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from seatkeep_protocol.vocabulary import EngineKind

from seatkeep_endpoint.engines.base import Engine
from seatkeep_endpoint.engines.clamd import NEEDED_RAM_BYTES, ClamdEngine
from seatkeep_endpoint.engines.yara import YaraEngine, load_rule_files


def engine_choose(settings: dict[str, Any], *, own_rules: Path, ram_bytes: int) -> tuple[Engine, dict[str, str]]:
    """The engine for these settings, and setting name → why it could not be followed.

    Args:
        settings: The settings in force.
        own_rules: Folder with rule files of this site.
        ram_bytes: Memory of the machine.
    """
    if settings["engine.kind"] != EngineKind.CLAMD:
        return yara_engine(own_rules), {}
    if ram_bytes < NEEDED_RAM_BYTES:
        return yara_engine(own_rules), {"engine.kind": "clamd needs a machine with at least 4 GiB of memory"}
    clamd = ClamdEngine(Path(settings["engine.clamd_socket"]))
    if not clamd.ping():
        why = f"no clamd answers at {settings['engine.clamd_socket']}"
        return yara_engine(own_rules), {"engine.kind": why}
    return clamd, {}


def yara_engine(own_rules: Path) -> YaraEngine:
    """YARA-X with the shipped rules and those of this site.

    The shipped rules have no date of their own worth telling (they are test rules); own rules are as old as the newest
    of their files.
    """
    with as_file(files("seatkeep_endpoint") / "shipped_rules") as shipped:
        shipped_sources = load_rule_files([shipped])
    own_sources = load_rule_files([own_rules])
    times = [path.stat().st_mtime for path in own_rules.glob("*.yar")]
    made_at = datetime.fromtimestamp(max(times, default=0), tz=UTC)
    engine = YaraEngine(shipped_sources + own_sources, has_own_rules=False, rules_at=made_at)
    engine.has_own_rules = any(origin not in engine.broken for origin, _ in own_sources)
    return engine
