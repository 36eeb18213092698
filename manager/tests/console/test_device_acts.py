"""Move, rename, mute, let go and bring back, on the pages and by the API: shown first, refused with codes, undone."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from seatkeep_manager.directory.group_services import group_create
from seatkeep_manager.directory.models import Device, DeviceAct, StaticGroup, User
from seatkeep_manager.problems.services import devices_evaluate
from seatkeep_webkit.actors import Actor
from standing_cast import NOW, Cast, device_make

API = "/api/v1"
BULK = ["devices-move", "devices-rename", "devices-mute", "devices-retire", "devices-restore"]
ONE = ["device-move", "device-rename", "device-mute"]


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def alice(cast: Cast) -> Client:
    return signed_in(cast.alice)


@pytest.fixture
def office(cast: Cast) -> StaticGroup:
    return group_create(actor=Actor.system("test"), parent_id=cast.group.pk, name="Office", now=NOW)


def post(client: Client, path: str, **body: object) -> Any:
    return client.post(f"{API}{path}", body, content_type="application/json")


def page(client: Client, name: str, *devices: Device, **posted: object) -> Any:
    chosen = [str(device.pk) for device in devices]
    return client.post(reverse(f"console:{name}"), {"selected": chosen, **posted})


def place(device: Device) -> str:
    device.refresh_from_db()
    return device.group.name


# The API


def test_a_move_is_shown_done_and_taken_back(cast: Cast, alice: Client, office: StaticGroup) -> None:
    body = {"devices": [str(cast.device.uid)], "group": str(office.uid)}
    shown = post(alice, "/devices/move/preview", **body).json()
    assert (shown["moving"], shown["leaving"], shown["policies_lost"]) == (1, 0, [])
    done = post(alice, "/devices/move", **body).json()
    assert (place(cast.device), done["count"]) == ("Office", 1)
    assert post(alice, "/devices/move", **body).json() == {"act": None, "count": 0}
    assert post(alice, f"/device-acts/{done['act']}/undo").json() == {"count": 1}
    assert place(cast.device) == "Alpha Dental"


def test_a_move_to_another_customer_says_what_becomes_of_policies_and_seat(cast: Cast, alice: Client) -> None:
    assert cast.beta.group
    body = {"devices": [str(cast.device.uid)], "group": str(cast.beta.group.uid)}
    shown = post(alice, "/devices/move/preview", **body).json()
    assert (shown["leaving"], shown["unlicensed"]) == (1, 1)
    assert cast.policy.name in shown["policies_lost"]


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/devices/move", {"group": "root"}, 409, "group_holds_no_devices"),
        ("/devices/move", {"group": str(uuid4())}, 404, "group_not_found"),
        ("/devices/move", {"devices": [str(uuid4())], "group": "own"}, 404, "device_not_found"),
        ("/devices/rename", {"pattern": "{nothing}"}, 422, "pattern_invalid"),
        ("/devices/rename", {"pattern": "PC"}, 422, "pattern_invalid"),
        ("/devices/rename", {"pattern": "{hostname"}, 422, "pattern_invalid"),
        ("/devices/mute", {"until": "2020-01-01T00:00:00Z"}, 422, "mute_invalid"),
        (f"/device-acts/{uuid4()}/undo", {}, 404, "act_not_found"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_code(
    cast: Cast, alice: Client, path: str, body: dict[str, Any], status: int, code: str
) -> None:
    groups = {"root": StaticGroup.objects.get(kind="ROOT").uid, "own": cast.group.uid}
    named = {"group": str(groups.get(body["group"], body["group"]))} if "group" in body else {}
    answer = post(alice, path, **{"devices": [str(cast.device.uid)], **body, **named})
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize("many", [0, 1001])
def test_none_or_too_many_computers_are_refused(cast: Cast, alice: Client, many: int) -> None:
    assert post(alice, "/devices/retire", devices=[str(cast.device.uid)] * many).status_code == 422


def test_attack_a_computer_of_somebody_else_is_not_moved_to_ones_own_group(cast: Cast) -> None:
    answer = post(
        signed_in(cast.bob), "/devices/move", devices=[str(cast.device.uid), str(cast.foreign.uid)],
        group=str(cast.group.uid),
    )  # fmt: skip
    assert answer.status_code == 404
    assert place(cast.foreign) != cast.group.name


def test_attack_ones_own_computer_is_not_moved_to_somebody_elses_group(cast: Cast) -> None:
    assert cast.beta.group
    body = {"devices": [str(cast.device.uid)], "group": str(cast.beta.group.uid)}
    for path in ("/devices/move/preview", "/devices/move"):
        assert post(signed_in(cast.bob), path, **body).status_code == 404


def test_names_by_pattern_count_in_order_and_leave_out_what_is_not_known(cast: Cast, alice: Client) -> None:
    known = device_make(cast.alpha, "a-1", NOW, serial="S1")
    Device.objects.filter(pk=cast.device.pk).update(serial="")
    body = {"devices": [str(cast.device.uid), str(known.uid)], "pattern": "{customer}-{serial}-{n:03}", "start": 7}
    shown = post(alice, "/devices/rename/preview", **body).json()
    assert [row["after"] for row in shown["names"]] == ["Alpha Dental-S1-007"]
    assert shown["unknown"] == [str(cast.device.uid)]
    assert post(alice, "/devices/rename", **body).json()["count"] == 1
    known.refresh_from_db()
    assert (known.name, known.hostname) == ("Alpha Dental-S1-007", "a-1")


def test_one_name_is_given_and_given_up(cast: Cast, alice: Client) -> None:
    seen = []
    for name in ("Front desk", ""):
        answer = alice.patch(f"{API}/devices/{cast.device.uid}", {"name": name}, content_type="application/json")
        seen.append(answer.json()["name"])
    assert seen == ["Front desk", cast.device.hostname]


def test_a_muted_computer_has_no_problems_until_it_counts_again(cast: Cast, alice: Client) -> None:
    cast.device.protection, cast.device.protection_reasons = "NOT_PROTECTED", ["ON_ACCESS_OFF"]
    cast.device.save()
    body = {"devices": [str(cast.device.uid)]}
    counts = []
    for until in (None, "2026-12-01T00:00:00Z", None):
        post(alice, "/devices/mute", until=until, **body)
        devices_evaluate(device_ids=[cast.device.pk], now=NOW)
        counts.append(cast.device.problems.exclude(state="RESOLVED").filter(kind="not_protected").count())
    assert counts == [1, 0, 1]


def test_computers_are_let_go_and_managed_again(cast: Cast, alice: Client) -> None:
    body = {"devices": [str(cast.device.uid)]}
    states = []
    for path in ("/devices/retire", "/devices/retire", "/devices/restore"):
        count = post(alice, path, **body).json()["count"]
        cast.device.refresh_from_db()
        states.append((cast.device.state, count))
    assert states == [("RETIRED", 1), ("RETIRED", 0), ("ACTIVE", 1)]


# The pages


@pytest.mark.parametrize("name", ONE)
def test_a_reader_may_not_act_on_one(cast: Cast, name: str) -> None:
    address = reverse(f"console:{name}", args=[cast.device.uid])
    assert signed_in(cast.rita).post(address, {"form_sent": "1"}).status_code == 404


@pytest.mark.parametrize("name", BULK)
def test_a_readers_selection_is_empty(cast: Cast, name: str) -> None:
    answer = page(signed_in(cast.rita), name, cast.device, form_sent="1", confirmed="1", pattern="{hostname}", days="7")
    assert answer.status_code < 500
    assert not DeviceAct.objects.exists()
    cast.device.refresh_from_db()
    assert cast.device.muted_until is None


def test_the_dialog_finds_a_group_shows_the_change_and_then_moves(
    cast: Cast, alice: Client, office: StaticGroup
) -> None:
    first = page(alice, "devices-move", cast.device, form_sent="1", find="offi").content.decode()
    assert "Alpha Dental / Office" in first
    shown = page(alice, "devices-move", cast.device, form_sent="1", group=str(office.uid)).content.decode()
    assert "goes to Office" in shown
    assert place(cast.device) == "Alpha Dental"
    seen = re.search(r'name="seen" value="([^"]+)"', shown)
    assert seen
    page(alice, "devices-move", cast.device, form_sent="1", group=str(office.uid), seen=seen.group(1))
    assert place(cast.device) == "Office"
    listed = alice.get(reverse("console:computers")).content.decode()
    act = DeviceAct.objects.get()
    assert reverse("console:devices-undo", args=[act.uid]) in listed
    alice.post(reverse("console:devices-undo", args=[act.uid]))
    assert place(cast.device) == "Alpha Dental"
    assert "act-undo" not in alice.get(reverse("console:computers")).content.decode()


def test_the_dialog_shows_the_names_before_it_gives_them(cast: Cast, alice: Client) -> None:
    shown = page(alice, "devices-rename", cast.device, form_sent="1", pattern="X-{n:03}", start="1").content.decode()
    assert f"{cast.device.name} → X-001" in shown
    seen = re.search(r'name="seen" value="([^"]+)"', shown)
    assert seen
    words = seen.group(1).replace("&#x27;", "'")
    page(alice, "devices-rename", cast.device, form_sent="1", pattern="X-{n:03}", start="1", seen=words)
    cast.device.refresh_from_db()
    assert cast.device.name == "X-001"


def test_all_matching_computers_are_those_that_the_page_shows(cast: Cast, alice: Client) -> None:
    gone = device_make(cast.alpha, "gone-1", NOW)
    post(alice, "/devices/retire", devices=[str(gone.uid)])
    shown = alice.get(reverse("console:computers"), {"state": "RETIRED"}).content.decode()
    assert "gone-1" in shown
    assert cast.device.hostname not in shown
    answer = page(alice, "devices-retire", all_matching="1", table_query="")
    assert f"<strong>{Device.objects.filter(state='ACTIVE').count()}</strong>" in answer.content.decode()
    again = page(alice, "devices-restore", all_matching="1", table_query="state=RETIRED", confirmed="1")
    gone.refresh_from_db()
    assert (again.status_code, gone.state) == (302, "ACTIVE")
