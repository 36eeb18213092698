"""Engines say honestly what they can, and clamd is asked by its real protocol."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from seatkeep_endpoint.engines.base import Engine
from seatkeep_endpoint.engines.choice import engine_choose, yara_engine
from seatkeep_endpoint.engines.clamd import ClamdEngine, parse_signatures_at
from seatkeep_endpoint.errors import EngineError, EngineUnavailableError

CLAMD = shutil.which("clamd") or "/usr/sbin/clamd"
SETTINGS = {"engine.kind": "clamd", "engine.clamd_socket": "/nowhere/clamd.ctl"}
GIB = 1024**3


@pytest.fixture
def clamd(tmp_path: Path) -> Iterator[ClamdEngine]:
    if sys.platform == "win32" or not Path(CLAMD).exists():
        pytest.skip("clamd is not installed")
    database = tmp_path / "db"
    database.mkdir()
    (database / "own.ndb").write_text("Own.Marker:0:*:" + b"seatkeep-marker".hex() + "\n")
    socket, config = tmp_path / "c.sock", tmp_path / "clamd.conf"
    config.write_text(f"LocalSocket {socket}\nDatabaseDirectory {database}\nForeground yes\nStreamMaxLength 1M\n")
    process = subprocess.Popen([CLAMD, "-c", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    engine = ClamdEngine(socket)
    deadline = time.monotonic() + 30
    while not engine.ping() and time.monotonic() < deadline:
        time.sleep(0.1)
    yield engine
    process.terminate()
    process.wait(20)


def examine(engine: Engine, content: bytes) -> str | None:
    finding = engine.examine(io.BytesIO(content), size_bytes=len(content))
    return finding.name if finding else None


@pytest.mark.services
def test_a_real_clamd_finds_what_its_signatures_know(clamd: ClamdEngine) -> None:
    assert (examine(clamd, b"xx seatkeep-marker xx"), examine(clamd, b"clean")) == ("Own.Marker", None)


@pytest.mark.services
def test_a_file_beyond_clamds_limit_is_an_error_and_not_clean(clamd: ClamdEngine) -> None:
    with pytest.raises(EngineError):
        examine(clamd, b"x" * 3_000_000)


@pytest.mark.services
def test_a_real_clamd_without_dated_signatures_claims_no_age(clamd: ClamdEngine) -> None:
    capabilities = clamd.capabilities()
    assert (capabilities.is_running, capabilities.signatures_at_us) == (True, None)


def test_an_absent_clamd_is_unavailable_and_not_clean(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailableError):
        examine(ClamdEngine(tmp_path / "none"), b"x")


def test_clamd_is_not_taken_below_four_gib(tmp_path: Path) -> None:
    engine, errors = engine_choose(SETTINGS, own_rules=tmp_path, ram_bytes=4 * GIB - 1)
    assert (engine.code, "4 GiB" in errors["engine.kind"]) == ("yara", True)


def test_clamd_is_not_taken_when_it_does_not_answer(tmp_path: Path) -> None:
    engine, errors = engine_choose(SETTINGS, own_rules=tmp_path, ram_bytes=8 * GIB)
    assert (engine.code, "no clamd answers" in errors["engine.kind"]) == ("yara", True)


def test_the_shipped_rules_alone_are_declared_as_test_rules(tmp_path: Path) -> None:
    capabilities = yara_engine(tmp_path).capabilities()
    assert (capabilities.is_test_rules, capabilities.has_on_access) == (True, False)


def test_own_rules_make_more_than_test_rules(tmp_path: Path) -> None:
    (tmp_path / "own.yar").write_text('rule own { strings: $a = "evil" condition: $a }')
    assert yara_engine(tmp_path).capabilities().is_test_rules is False


def test_a_broken_rule_file_is_left_out_and_the_others_work(tmp_path: Path) -> None:
    (tmp_path / "broken.yar").write_text("rule {")
    engine = yara_engine(tmp_path)
    assert (engine.broken, engine.capabilities().is_test_rules) == (["broken.yar"], True)


def test_the_age_of_dated_signatures_is_read() -> None:
    made_at = parse_signatures_at("ClamAV 1.4.6/27400/Sat Nov 21 09:00:00 2026")
    assert made_at is not None
    assert made_at.isoformat() == "2026-11-21T09:00:00+00:00"
