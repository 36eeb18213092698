"""Detections by who found them, the engines of a computer, and how one differs from what policies want."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from seatkeep_manager.console.words import REASONS
from seatkeep_manager.detections.enums import Action, Resolution
from seatkeep_manager.detections.models import Detection
from seatkeep_manager.detections.rules import resolution_at_once
from seatkeep_manager.directory.models import Device
from seatkeep_protocol.vocabulary import DetectionAction, EngineMode, ProtectionReason
from standing_cast import NOW, Cast

DEFENDER: dict[str, Any] = {
    "engine": "defender", "mode": "ACTIVE", "version": "4.18.24090.11", "signatures_version": "1.421.6.0",
    "capabilities": {"is_running": True, "on_demand": True, "is_on_access_running": True},
    "is_tamper_protected": True, "last_quick_scan_at_us": 1_790_000_000_000_000, "last_full_scan_at_us": None,
    "differences": {"defender.pua": {"wanted": "ENABLED", "found": "DISABLED", "why": ""}},
}  # fmt: skip


def status(*engines: dict[str, Any], **settings: Any) -> dict[str, Any]:
    return {
        "engine": "yara", "engine_version": "1.9", "engines": list(engines), "settings": settings,
        "capabilities": {"is_running": True, "on_demand": True, "scheduled": True, "is_test_rules": True},
    }  # fmt: skip


def found_by(device: Device, engine: str, name: str) -> Detection:
    return Detection.objects.create(
        uid=uuid4(), device=device, name=name, severity="CRITICAL", engine=engine, action="CLEANED", occurred_at=NOW,
        received_at=NOW,
    )  # fmt: skip


def body(client: Client, url: str, **query: str) -> str:
    answer = client.get(url, query)  # type: ignore[arg-type]  # a query's values are texts
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.fixture
def bob(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.bob)
    return client


@pytest.fixture
def page(cast: Cast) -> str:
    return reverse("console:device", args=[cast.device.uid])


def test_detections_are_told_apart_and_counted_by_who_found_them(cast: Cast, bob: Client) -> None:
    found_by(cast.device, "defender", "Trojan:Win32/Wacatac")
    found_by(cast.foreign, "defender", "Not Alpha's")
    url = reverse("console:detections")

    everything = body(bob, url)

    assert 'Microsoft Defender<span class="tab-count">1</span>' in everything
    assert 'YARA-X<span class="tab-count">1</span>' in everything
    assert "Not Alpha" not in everything
    narrowed = body(bob, url, engine="defender")
    assert "Wacatac" in narrowed
    assert cast.detection.name not in narrowed


def test_an_engine_of_tomorrow_is_shown_as_it_calls_itself(cast: Cast, bob: Client) -> None:
    found = found_by(cast.device, "quantum", "Q1")
    assert "quantum" in body(bob, reverse("console:detections"))
    assert "Cleaned the file" in body(bob, reverse("console:detection", args=[found.uid]))


def test_the_api_narrows_detections_by_engine_and_state(cast: Cast, bob: Client) -> None:
    found_by(cast.device, "defender", "Trojan:Win32/Wacatac")
    told = bob.get("/api/v1/detections", {"engine": "defender", "is_open": "true"}).json()["items"]
    assert [(one["engine"], one["action"]) for one in told] == [("defender", "CLEANED")]
    assert bob.get("/api/v1/detections", {"is_open": "false"}).json()["items"] == []


def test_a_computer_tells_its_engines_and_their_differences(cast: Cast, bob: Client, page: str) -> None:
    cast.device.endpoint_status = status(DEFENDER, **{"defender.mode": "AUDIT"})
    cast.device.save()

    shown = body(bob, page)

    for words in ("Microsoft Defender", "4.18.24090.11", "tamper protection on", "checks files as they are opened"):
        assert words in shown
    assert "Defender: potentially unwanted programs" in shown
    assert "reports differences only" in shown
    assert "<td>On</td><td>Off</td>" in shown


@pytest.mark.parametrize(
    "reported",
    [
        {},
        status(),
        status({"engine": "x", "mode": "NEW", "capabilities": None, "differences": {"no.such": {}}}),
        status({**DEFENDER, "error": "<b>cannot</b> be asked", "last_quick_scan_at_us": 2**62}),
    ],
)
def test_a_strange_report_breaks_no_page(cast: Cast, bob: Client, page: str, reported: dict[str, Any]) -> None:
    cast.device.endpoint_status = reported
    cast.device.save()
    assert "<b>cannot" not in body(bob, page)
    body(bob, page, tab="policies")


@pytest.mark.parametrize(
    ("family", "reported", "value"),
    [
        ("LINUX", {}, "/home"),
        ("WINDOWS", {}, r"C:\Users"),
        ("WINDOWS", {"scan.targets": [r"D:\Profiles"]}, r"D:\Profiles"),
    ],
)
def test_scan_targets_are_the_computers_own(
    cast: Cast, bob: Client, page: str, family: str, reported: dict[str, Any], value: str
) -> None:
    cast.device.os_family, cast.device.endpoint_status = family, status(**reported)
    cast.device.save()
    shown = body(bob, page, tab="policies")
    assert value in shown
    assert ("Microsoft Defender" in shown) == (family == "WINDOWS")
    assert "Defender: cloud level" not in shown  # Nobody set it, so Defender decides.


def test_every_code_has_words() -> None:
    assert set(REASONS) >= {one.value for one in ProtectionReason}
    assert {one.value for one in Action} == {one.value for one in DetectionAction}
    from seatkeep_manager.console.engine_words import MODES

    assert set(MODES) == {one.value for one in EngineMode}


@pytest.mark.parametrize("action", list(DetectionAction))
def test_what_an_engine_ended_waits_for_nobody(action: DetectionAction) -> None:
    is_ended = action in (DetectionAction.CLEANED, DetectionAction.REMOVED, DetectionAction.BLOCKED)
    assert resolution_at_once(action) == (Resolution.HANDLED if is_ended else None)
