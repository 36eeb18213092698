"""The hub's bench without a hub: rows that fail, sizes, the open loop, and tickets that are right."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from datetime import UTC, date, datetime, timedelta

import pytest
from seatkeep_bench.errors import BenchError
from seatkeep_bench.hose import drip
from seatkeep_bench.hub.bench import WANTED, _with_31_days
from seatkeep_bench.hub.sizes import HubSizes
from seatkeep_bench.hub.takes import by_key, by_ticket
from seatkeep_bench.hub.world import Share
from seatkeep_bench.identity import Identity, Persona
from seatkeep_bench.results import Better, failed, row, table
from seatkeep_bench.sheet import Sheet
from seatkeep_license.keys import SigningKey
from seatkeep_license.tickets import ticket_verify

KEY = SigningKey(bytes(range(3, 35)))


def test_a_row_that_breaks_stops_no_other():
    sheet = Sheet(WANTED, lambda _: None)
    with sheet.trying("sync_full"):
        raise BenchError("the feed is away")
    with sheet.trying("sync_delta"):
        sheet.put(row("sync_delta", value=20, unit="ms", better=Better.LOWER, goal=50, floor=2))
    found = {one.name: one for one in sheet.rows()}
    assert list(found) == [one.name for one in WANTED]
    assert found["sync_full"].failure == "BenchError: the feed is away"
    assert not found["sync_full"].is_met
    assert found["sync_delta"].is_met


def test_the_table_tells_failures_and_growth():
    rows = [
        failed("month_close", unit="s", better=Better.LOWER, goal=10, why="no month"),
        row("usage_day_1m", value=7, unit="s", better=Better.LOWER, goal=8, floor=2, growth=1.25),
    ]
    lines = table(rows).splitlines()
    assert "failed" in lines[1]
    assert "no month" in lines[1]
    assert "1.25" in lines[2]


def test_the_sizes_are_those_of_the_issue():
    sizes = HubSizes()
    assert sizes.tenth.companies + sizes.base.companies == 55_000
    assert sizes.tenth.shares + sizes.base.shares == 200_000
    counted = (sizes.tenth, sizes.few_shares, sizes.base, sizes.many_shares)
    assert sum(one.shares for one in counted) == 1_000_000
    assert sizes.tenth.shares + sizes.few_shares.shares == 100_000
    assert sum(one.companies for one in (*counted, sizes.more_companies)) > 480_000


@pytest.mark.parametrize(
    ("first", "found"), [(date(2026, 10, 1), date(2026, 10, 1)), (date(2027, 2, 1), date(2027, 1, 1))]
)
def test_a_month_to_close_has_31_days(first, found):
    assert _with_31_days(first) == found


def test_a_ticket_is_for_its_device_and_goes_round_the_shares():
    shares = [Share("000-000-001", uuid.uuid4()), Share("000-000-002", uuid.uuid4())]
    device = Identity("tests", 1, Persona.WORKSTATION)
    right = by_ticket(shares, uuid.uuid4(), KEY, "https://licensing.example.com")
    ticket = ticket_verify(
        right(3, device)["ticket"],
        keys=KEY.verify_key,
        audience="https://licensing.example.com",
        now=datetime.now(UTC),
        device_key=device.endpoint_key.verify_key,
        product="endpoint-workstation",
    )
    assert (ticket.license, ticket.company) == ("000-000-002", str(shares[1].company))
    assert by_key(["a", "b"])(3, device) == {"license_key": "b"}


def test_an_open_loop_counts_from_when_a_request_was_due():
    async def answer(reader, writer):
        with contextlib.suppress(asyncio.IncompleteReadError), contextlib.closing(writer):
            while await reader.readuntil(b"\r\n\r\n{}"):
                await asyncio.sleep(0.02)
                writer.write(b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}")

    async def run():
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        replies = await drip(
            f"http://127.0.0.1:{port}/x", [b"{}"] * 5, per_second=1_000, connections=1, content_type="text/plain"
        )
        server.close()
        await server.wait_closed()
        await asyncio.sleep(0)
        return replies

    replies = asyncio.run(run())
    assert [reply.status for reply in replies] == [201] * 5
    assert timedelta(seconds=replies[-1].seconds) > timedelta(seconds=0.09)


def test_growth_is_the_cost_of_one_whichever_way_is_better():
    sheet = Sheet(WANTED, lambda _: None)
    sheet.put(row("sync_delta", value=20, unit="ms", better=Better.LOWER, goal=50, floor=2))
    sheet.put(row("activation_spread", value=4_000, unit="/s", better=Better.HIGHER, goal=4_000, floor=9_000))
    sheet.grown("sync_delta", 22)
    sheet.grown("activation_spread", 3_200)
    assert [one.growth for one in sheet.rows() if one.growth] == [1.25, 1.1]
