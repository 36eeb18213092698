"""Lists stay as cheap with many rows as with few."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from seatkeep_webkit.clock import now
from standing_cast import Cast, company, device_make, finding_make, problem_make

LISTS = [
    "problems", "dashboard", "computers", "customers", "approvals", "detections", "quarantine", "tasks", "policies",
    "installers", "licenses", "audit",
]  # fmt: skip


@pytest.mark.parametrize("name", LISTS)
def test_more_rows_cost_no_more_queries(cast: Cast, name: str) -> None:
    few = queries_of(cast, name)
    for number in range(12):
        device = device_make(cast.alpha, f"pc-{number:02}", now())
        finding_make(device, now())
        problem_make(device, now())
        company(uuid4(), f"Shop {number}", now())
    assert queries_of(cast, name) <= few + 1, "a second page's marker is allowed"


def queries_of(cast: Cast, name: str) -> int:
    client = Client()
    client.force_login(cast.alice)
    client.get(reverse(f"console:{name}"))
    with CaptureQueriesContext(connection) as queries:
        assert client.get(reverse(f"console:{name}")).status_code == 200
    return len(queries)
