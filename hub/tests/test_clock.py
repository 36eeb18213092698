"""The movable clock of tests: refused where others could reach it, the same for every process, forward only."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpRequest
from django.test import Client
from django.urls import path
from hub_cast import Cast
from seatkeep_hub.agreements.models import UsageDay
from seatkeep_hub.billing.models import Statement
from seatkeep_hub.fast.settings import Settings
from seatkeep_hub.project.test_clock import clock as view
from seatkeep_hub.project.urls import urlpatterns as usual
from seatkeep_webkit import clock
from seatkeep_webkit.env import SettingError
from seatkeep_webkit.test_clock import test_clock_begin as begin

HERE = ["http://licensing.localhost:8080", "https://127.0.0.1:8443", "http://[::1]:1"]
urlpatterns = [path("_test/clock", view), *usual]


@pytest.fixture
def _on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("SEATKEEP_TEST_CLOCK", "1")
    monkeypatch.setenv("SEATKEEP_DATA", str(tmp_path))
    yield
    clock.offset_by(None)


def move(client: Client, to: object) -> Any:
    return client.post("/_test/clock", {"now": to}, content_type="application/json")


def test_it_is_off_unless_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SEATKEEP_TEST_CLOCK", raising=False)
    assert begin(["https://licensing.example.com"]) is False


@pytest.mark.usefixtures("db")
def test_a_usual_server_has_no_such_address() -> None:
    assert move(Client(), "2099-01-01T00:00:00Z").status_code == 404


@pytest.mark.usefixtures("_on")
@pytest.mark.parametrize(
    "address", ["https://licensing.example.com", "http://10.0.0.5:8080", "http://localhost.evil.example"]
)
def test_attack_a_clock_that_others_can_reach_is_refused_at_start(address: str) -> None:
    with pytest.raises(SettingError, match="SEATKEEP_TEST_CLOCK"):
        begin([*HERE, address])


@pytest.mark.usefixtures("_on")
def test_attack_the_fast_path_refuses_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEATKEEP_LICENSING_DEVICE_URL", "https://licensing.example.com")
    with pytest.raises(SettingError, match="SEATKEEP_TEST_CLOCK"):
        Settings.from_environment()


@pytest.mark.usefixtures("_on")
@pytest.mark.urls(__name__)
def test_months_pass_and_drafts_are_there(cast: Cast) -> None:
    begin(HERE)
    to = (datetime.now(UTC) + timedelta(days=70)).replace(day=2)
    answer = move(Client(enforce_csrf_checks=True), to.isoformat())
    assert answer.status_code == 200, answer.content
    assert abs(clock.now() - to) < timedelta(minutes=2)
    assert UsageDay.objects.filter(day=to.date() - timedelta(days=9), buyer=cast.msp_a).exists()
    assert Statement.objects.filter(seller=cast.distributor, buyer=cast.msp_a).exists()


@pytest.mark.usefixtures("_on", "db")
@pytest.mark.urls(__name__)
@pytest.mark.parametrize(
    ("to", "status"), [("2020-01-01T00:00:00Z", 409), ("2099-01-01T00:00:00", 422), ("x", 422), (None, 422), (5, 422)]
)
def test_what_cannot_be_is_refused(to: object, status: int) -> None:
    begin(HERE)
    before = clock.now()
    assert move(Client(), to).status_code == status
    assert clock.now() - before < timedelta(minutes=2)


@pytest.mark.usefixtures("_on")
def test_another_process_follows(tmp_path: Path) -> None:
    begin(HERE)
    (tmp_path / "test-clock").write_text(str(3600 * 1_000_000))
    assert timedelta(minutes=58) < clock.now() - datetime.now(UTC) < timedelta(minutes=62)


def test_the_view_is_for_posts_only() -> None:
    request = HttpRequest()
    request.method = "GET"
    assert view(request).status_code == 405
