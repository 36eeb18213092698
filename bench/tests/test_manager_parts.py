"""The manager's bench without a manager: the broker's protocol in pieces, shares, sizes, what devices report."""

from __future__ import annotations

import asyncio
import base64
import json

import pytest
from seatkeep_bench.identity import Identity, Persona
from seatkeep_bench.manager.bench import WANTED
from seatkeep_bench.manager.crowds import shares
from seatkeep_bench.manager.enrollments import nkey_of
from seatkeep_bench.manager.line import Line, LineError
from seatkeep_bench.manager.reach import exclusions
from seatkeep_bench.manager.reports import changed_inventory, detection
from seatkeep_bench.manager.sizes import TINY, ManagerSizes
from seatkeep_bench.sheet import Sheet

NAMES = (
    "telemetry", "events", "enroll_empty", "enroll_at_10k", "inventory", "doc_4k_p99", "doc_26k_p99", "task_all",
    "back_after_kill", "page_p95", "dashboard", "first_sync", "sync_delta", "agent_rss", "agent_idle_cpu",
)  # fmt: skip


class Wire(asyncio.Transport):
    """What a line writes."""

    def __init__(self) -> None:
        self.sent = b""

    def write(self, data: bytes) -> None:
        self.sent += data


def lines_heard(pieces: list[bytes]) -> tuple[list[tuple[str, bytes, bytes]], bytes, Line]:
    """Give a line what a broker sends, in these pieces; returns what it heard and wrote."""
    heard: list[tuple[str, bytes, bytes]] = []

    async def run() -> tuple[bytes, Line]:
        wire, line = Wire(), Line(jwt="jwt", sign=bytes.upper, on_message=lambda *one: heard.append(one))
        line.connection_made(wire)
        for piece in pieces:
            line.data_received(piece)
        return wire.sent, line

    sent, line = asyncio.run(run())
    return heard, sent, line


GREETING = b'INFO {"nonce":"abc"}\r\nPONG\r\n'
BROUGHT = b"MSG a.b 1 5\r\nhe\r\no\r\nPING\r\nHMSG a.c 2 reply 12 15\r\nNATS/1.0\r\n\r\nyes\r\n"


@pytest.mark.parametrize("step", [1, 3, 7, 1_000])
def test_a_line_reads_messages_however_they_are_cut(step):
    whole = GREETING + BROUGHT
    heard, sent, line = lines_heard([whole[at : at + step] for at in range(0, len(whole), step)])
    assert heard == [("a.b", b"", b"he\r\no"), ("a.c", b"NATS/1.0\r\n\r\n", b"yes")]
    assert line.ready.done()
    assert sent.endswith(b"PONG\r\n")
    words = json.loads(sent.split(b"\r\n")[0].removeprefix(b"CONNECT "))
    assert (words["jwt"], base64.b64decode(words["sig"])) == ("jwt", b"ABC")


def test_a_refused_line_says_why():
    _, _, line = lines_heard([b'INFO {"nonce":"abc"}\r\n-ERR \'Authorization Violation\'\r\n'])
    with pytest.raises(LineError, match="Authorization"):
        line.ready.result()


def test_every_wanted_row_is_in_the_result():
    rows = Sheet(WANTED, lambda _: None).rows()
    assert tuple(one.name for one in rows) == NAMES
    assert all(one.failure for one in rows)


@pytest.mark.parametrize(("count", "parts", "found"), [(10, 2, [5, 5]), (7, 3, [3, 2, 2]), (1, 2, [1, 0])])
def test_processes_share_alike(count, parts, found):
    assert shares(count, parts) == found


def test_the_sizes_are_those_of_the_issue():
    sizes = ManagerSizes()
    assert (sizes.connected, sizes.devices, sizes.customers, sizes.log_rows) == (5_000, 100_000, 500, 5_000_000)
    assert sizes.companies.companies == pytest.approx(50_000, rel=0.001)
    assert sizes.devices % sizes.customers == 0
    assert TINY.devices % TINY.customers == 0


def test_inventories_differ_in_every_program_and_findings_in_their_file():
    base = Identity("tests", 1, Persona.WORKSTATION).inventory("salt")
    first, second = (changed_inventory(base, number, 60) for number in (1, 2))
    assert len(first.software) == 60
    assert not {(one.name, one.version) for one in first.software} & {(o.name, o.version) for o in second.software}
    assert detection("endpoint-server", 1).path != detection("endpoint-server", 2).path


def test_exclusions_fill_as_many_bytes_as_asked():
    lines = exclusions("mark", 4_000).split("\n")
    assert len(set(lines)) == len(lines)
    assert 3_900 < len(json.dumps(lines, separators=(",", ":"))) <= 4_002


def test_an_answer_names_the_key_that_it_is_for():
    claims = base64.urlsafe_b64encode(json.dumps({"sub": "UABC"}).encode()).rstrip(b"=").decode()
    assert nkey_of(json.dumps({"nats": {"jwt": f"x.{claims}.y"}}).encode()) == "UABC"
