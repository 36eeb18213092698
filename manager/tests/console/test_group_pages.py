"""Groups and their templates in the console: what a technician does with them, and what others may not."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from seatkeep_manager.directory.models import StaticGroup
from seatkeep_manager.grouping.builtins import builtins_ensure
from seatkeep_manager.grouping.models import DynamicGroup, GroupTemplate, Membership
from standing_cast import NOW, Cast, device_make

RULE = {"symbol": "os.family", "operator": "EQUAL", "value": "LINUX"}


@pytest.fixture
def owner(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.alice)
    return client


@pytest.fixture
def place(cast: Cast) -> StaticGroup:
    return cast.group


@pytest.fixture
def linux(cast: Cast) -> GroupTemplate:
    builtins_ensure(now=NOW)
    return GroupTemplate.objects.get(builtin="linux")


@pytest.fixture
def group(owner: Client, place: StaticGroup, linux: GroupTemplate) -> DynamicGroup:
    answer = owner.post(
        reverse("console:dynamic-new", args=[place.uid]), {"name": "Linux machines", "template": linux.pk}
    )
    assert answer.status_code == 302
    return DynamicGroup.objects.get(name="Linux machines")


def test_a_dynamic_group_stands_in_the_tree_with_its_members(owner: Client, group: DynamicGroup, cast: Cast) -> None:
    inside, outside = device_make(cast.alpha, "web-01", NOW), device_make(cast.alpha, "win-01", NOW)
    Membership.objects.create(device=inside, group=group, since=NOW)
    page = owner.get(reverse("console:computers"), {"dynamic": group.uid}).content.decode()
    assert "Linux machines" in page
    assert "Operating system, family: is Linux" in page
    assert inside.name in page
    assert outside.name not in page


def test_a_static_group_is_made_renamed_moved_and_deleted(owner: Client, place: StaticGroup) -> None:
    for name in ("Office", "Shop"):
        owner.post(reverse("console:group-new", args=[place.uid]), {"name": name})
    office, shop = (StaticGroup.objects.get(name=name, parent=place) for name in ("Office", "Shop"))
    owner.post(reverse("console:group-rename", args=[office.uid]), {"name": "Front office"})
    owner.post(reverse("console:group-move", args=[office.uid]), {"parent": shop.pk})
    office.refresh_from_db()
    assert (office.name, office.parent) == ("Front office", shop)
    refused = owner.post(reverse("console:group-delete", args=[shop.uid]), {"confirmed": "1"})
    assert refused.status_code == 422
    owner.post(reverse("console:group-delete", args=[office.uid]), {"confirmed": "1"})
    assert not StaticGroup.objects.filter(pk=office.pk).exists()


def test_groups_of_licensing_stay_as_they_are(owner: Client, place: StaticGroup) -> None:
    for name, data in (("rename", {"name": "Mine"}), ("delete", {"confirmed": "1"})):
        answer = owner.post(reverse(f"console:group-{name}", args=[place.uid]), data)
        assert (answer.status_code, "follows Licensing" in answer.content.decode()) == (422, True)


def test_a_template_is_tried_before_it_is_saved(owner: Client, cast: Cast) -> None:
    device_make(cast.alpha, "web-01", NOW)
    sent = {
        "operation": "OR",
        "symbol": ["device.name", ""],
        "operator": ["STARTS_WITH", "EQUAL"],
        "value": ["web", ""],
    }
    tried = owner.post(reverse("console:group-template-try"), sent).content.decode()
    assert "web-01" in tried
    owner.post(reverse("console:group-template-new"), {**sent, "name": "Web", "description": "", "owner": ""})
    assert GroupTemplate.objects.get(name="Web").rules == [
        {"symbol": "device.name", "operator": "STARTS_WITH", "value": "web"}
    ]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        pytest.param(("hardware.memory", "LESS", "four"), "whole number", id="no number"),
        pytest.param(("network.address", "IN_NETWORK", "10.1"), "network", id="no network"),
        pytest.param(("os.family", "EQUAL", "BEOS"), "one of", id="no choice"),
        pytest.param(("no.such", "EQUAL", "x"), "nothing called", id="no symbol"),
        pytest.param(("os.name", "IN", " , "), "list", id="empty list"),
        pytest.param(("os.name", "EQUAL", "x" * 5000), "255", id="long value"),
    ],
)
def test_attack_a_wrong_rule_is_named_and_nothing_is_saved(owner: Client, row: tuple[str, ...], said: str) -> None:
    sent: dict[str, Any] = dict(zip(("symbol", "operator", "value"), row, strict=True))
    sent |= {"name": "X", "operation": "AND", "description": "", "owner": ""}
    tried = owner.post(reverse("console:group-template-try"), sent)
    answer = owner.post(reverse("console:group-template-new"), sent)
    assert said in tried.content.decode()
    assert (answer.status_code, said in answer.content.decode()) == (422, True)
    assert not GroupTemplate.objects.filter(name="X").exists()


def test_a_row_asks_again_with_what_fits(owner: Client) -> None:
    row = owner.post(
        reverse("console:group-template-row"), {"symbol": "os.family", "operator": "EQUAL", "value": ""}
    ).content.decode()
    assert '<option value="WINDOWS">Windows</option>' in row
    assert "STARTS_WITH" not in row
    blank = owner.post(reverse("console:group-template-row")).content.decode()
    assert "selected" not in blank


def test_a_built_in_template_can_be_copied_only(owner: Client, linux: GroupTemplate) -> None:
    page = owner.get(reverse("console:group-template", args=[linux.uid])).content.decode()
    assert "comes with Seatkeep" in page
    changed = {"name": "Mine", "operation": "OR", "description": "", **RULE}
    owner.post(reverse("console:group-template", args=[linux.uid]), changed)
    linux.refresh_from_db()
    assert linux.name == "Linux"
    copy = owner.get(reverse("console:group-template-new"), {"copy": linux.uid}).content.decode()
    assert '<option value="LINUX" selected>Linux</option>' in copy


def test_order_and_removal(owner: Client, group: DynamicGroup, linux: GroupTemplate, place: StaticGroup) -> None:
    owner.post(reverse("console:dynamic-new", args=[place.uid]), {"name": "Second", "template": linux.pk})
    second = DynamicGroup.objects.get(name="Second")
    owner.post(reverse("console:dynamic-order", args=[second.uid]), {"steps": "-1"})
    assert list(DynamicGroup.objects.order_by("position"))[-2:] == [second, group]
    owner.post(reverse("console:dynamic-delete", args=[second.uid]), {"confirmed": "1"})
    assert not DynamicGroup.objects.filter(pk=second.pk).exists()


PAGES = ("dynamic-edit", "dynamic-delete", "dynamic-policy")


@pytest.mark.parametrize("page", PAGES)
def test_a_stranger_finds_nothing(cast: Cast, group: DynamicGroup, page: str) -> None:
    client = Client()
    assert client.get(reverse(f"console:{page}", args=[group.uid])).status_code == 302
    client.force_login(cast.charlie)
    assert client.get(reverse(f"console:{page}", args=[group.uid])).status_code == 404
    assert client.get(reverse("console:computers"), {"dynamic": group.uid}).status_code == 404
    assert client.get(reverse("console:group-new", args=[group.anchor.uid])).status_code == 404


def test_what_is_gone_is_a_404(owner: Client) -> None:
    for page in PAGES:
        assert owner.get(reverse(f"console:{page}", args=[uuid.uuid4()])).status_code == 404


def test_a_reader_sees_the_group_and_changes_nothing(cast: Cast, group: DynamicGroup) -> None:
    client = Client()
    client.force_login(cast.rita)
    page = client.get(reverse("console:computers"), {"dynamic": group.uid})
    assert (page.status_code, "Delete…" in page.content.decode()) == (200, False)
    for name in PAGES:
        assert client.post(reverse(f"console:{name}", args=[group.uid]), {"confirmed": "1"}).status_code == 404
    assert DynamicGroup.objects.filter(pk=group.pk).exists()
