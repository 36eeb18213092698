"""What the list of computers shows and finds of an inventory, in page, file and API."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from seatkeep_manager.directory.group_services import group_create
from seatkeep_manager.directory.models import Device
from standing_cast import ACTOR, NOW, Cast, device_make

WINDOWS = {
    "os_family": "WINDOWS", "os_name": "Windows 11 Pro", "os_version": "23H2", "os_edition": "Professional",
    "os_build": "22631.4317", "domain": "ALPHA", "last_user": "ALPHA\\anna", "serial": "PF3XK1",
    "manufacturer": "LENOVO", "model": "ThinkPad T14",
}  # fmt: skip
SERVER = {"os_family": "WINDOWS", "os_name": "Windows Server 2022 Standard", "os_edition": "ServerStandard"}


@pytest.fixture
def laptop(cast: Cast) -> Device:
    device_make(cast.alpha, "server-01", NOW, **SERVER)
    return device_make(cast.alpha, "laptop-01", NOW, **WINDOWS)


@pytest.fixture
def owner(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.alice)
    return client


def names(client: Client, **query: str) -> set[str]:
    """The computers on the page that a query finds, from its file."""
    lines = b"".join(client.get(reverse("console:computers"), {**query, "export": "csv"}))  # type: ignore[arg-type]
    return {line.split(",")[0] for line in lines.decode("utf-8-sig").splitlines()[1:]}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"os": "WINDOWS"}, {"laptop-01", "server-01"}),
        ({"os": "windows-11"}, {"laptop-01"}),
        ({"os": "windows-server"}, {"server-01"}),
        ({"edition": "pro"}, {"laptop-01"}),
        ({"edition": "server-standard"}, {"server-01"}),
        ({"q": "pf3xk"}, {"laptop-01"}),
        ({"q": "anna"}, {"laptop-01"}),
        ({"q": "22631"}, {"laptop-01"}),
        ({"q": "nobody-has-this"}, set()),
        ({"os": "no-such-system"}, {"laptop-01", "server-01", "reception-01", "oven-pc"}),
    ],
)
def test_filters_and_search_find_by_inventory(
    owner: Client, laptop: Device, query: dict[str, str], found: set[str]
) -> None:
    assert names(owner, **query) == found


@pytest.mark.parametrize(
    ("version", "build", "words"),
    [
        ("23H2", "22631.4317", "Windows 10 23H2"),
        ("14393", "14393.7", "Windows 10"),
        ("", "", "Windows 10"),
        ("13", "", "Windows 10 13"),
    ],
)
def test_a_system_is_named_without_telling_its_build_twice(version: str, build: str, words: str) -> None:
    assert Device(os_name="Windows 10", os_version=version, os_build=build).system == words


def test_the_list_shows_the_system_with_its_version(owner: Client, laptop: Device) -> None:
    assert "Windows 11 Pro 23H2" in owner.get(reverse("console:computers")).content.decode()


@pytest.mark.parametrize("tab", ["overview", "inventory"])
def test_the_page_of_a_computer_tells_domain_and_last_user(owner: Client, laptop: Device, tab: str) -> None:
    body = owner.get(reverse("console:device", args=[laptop.uid]), {"tab": tab}).content.decode()
    assert "<dd>ALPHA</dd>" in body
    assert "anna" in body


def test_a_person_of_the_neighbor_is_found_by_no_search(cast: Cast, laptop: Device) -> None:
    device_make(cast.beta, "till-01", NOW, **WINDOWS)
    client = Client()
    client.force_login(cast.bob)
    assert names(client, q="anna") == {"laptop-01"}


@pytest.mark.parametrize(
    ("query", "found"),
    [({"os": "WINDOWS"}, 2), ({"search": "pf3xk1"}, 1), ({"os": "LINUX", "search": "pf3xk1"}, 0), ({"search": " "}, 4)],
)
def test_the_api_narrows_computers(owner: Client, laptop: Device, query: dict[str, str], found: int) -> None:
    assert len(owner.get("/api/v1/devices", query).json()["items"]) == found


def test_the_api_tells_what_an_inventory_told(owner: Client, laptop: Device) -> None:
    told: dict[str, Any] = owner.get(f"/api/v1/devices/{laptop.uid}").json()
    assert {name: told[name] for name in WINDOWS} == WINDOWS


@pytest.mark.parametrize("query", [{"os": "TempleOS"}, {"search": "x" * 101}])
def test_the_api_refuses_a_malformed_question(owner: Client, laptop: Device, query: dict[str, str]) -> None:
    assert owner.get("/api/v1/devices", query).status_code == 422


@pytest.mark.parametrize("wanted", ["10.9.8.7", "pf3xk1", "Workshop", "Nightly"])
def test_the_search_finds_computers_groups_and_policies_of_ones_own_only(
    cast: Cast, laptop: Device, wanted: str
) -> None:
    Device.objects.filter(pk=laptop.pk).update(ip_addresses=["10.9.8.7"])
    group_create(actor=ACTOR, parent_id=cast.group.pk, name="Workshop", now=NOW)
    answers = []
    for user in (cast.bob, cast.charlie):
        client = Client()
        client.force_login(user)
        answers.append("hits-head" in client.get(reverse("console:search"), {"q": wanted}).content.decode())
    assert answers == [True, False]
