"""Dynamic groups: from a person's rules to the agent's answer and the policies that follow from it."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from cast import ACTOR, NOW, Tree, consume_all, person, wire
from django.db import connection
from django.test.utils import CaptureQueriesContext
from seatkeep_manager.directory.enums import AccessLevel, DeviceKind
from seatkeep_manager.directory.models import Device
from seatkeep_manager.directory.services import device_create, device_move
from seatkeep_manager.grouping.builtins import builtins_ensure, builtins_load
from seatkeep_manager.grouping.errors import (
    DynamicGroupNameTakenError,
    DynamicGroupNotFoundError,
    DynamicGroupTooDeepError,
    TemplateBuiltinError,
    TemplateForeignError,
    TemplateRulesError,
    TemplateUsedError,
)
from seatkeep_manager.grouping.models import DynamicGroup, GroupTemplate, Membership
from seatkeep_manager.grouping.rules import template_load
from seatkeep_manager.grouping.selectors import (
    dynamic_groups_visible,
    member_counts,
    template_preview,
    templates_visible,
)
from seatkeep_manager.grouping.services import (
    dynamic_group_create,
    dynamic_group_delete,
    dynamic_group_shift,
    dynamic_group_update,
    template_create,
    template_delete,
    template_update,
)
from seatkeep_manager.ingest.decoding import Incoming
from seatkeep_manager.ingest.services import batch_take
from seatkeep_manager.policies.enums import PolicyProduct
from seatkeep_manager.policies.models import Policy
from seatkeep_manager.policies.selectors import device_chain, policy_devices
from seatkeep_manager.policies.services import policy_assign_dynamic, policy_create, policy_delete, policy_restore
from seatkeep_protocol.device_status import Known, device_status
from seatkeep_protocol.documents import document_chain, document_groups
from seatkeep_protocol.membership import is_member
from seatkeep_protocol.messages import Hardware, Heartbeat, Inventory, OsInfo, Software
from seatkeep_protocol.vocabulary import DeviceKind as WireKind
from seatkeep_protocol.vocabulary import OsFamily
from test_publisher import read_device, read_group

LINUX = [{"symbol": "os.family", "operator": "EQUAL", "value": "LINUX"}]
SERVERS = [{"symbol": "device.kind", "operator": "EQUAL", "value": "SERVER"}]
INVENTORY = Inventory(
    hostname="pc-1", kind=WireKind.WORKSTATION, os=OsInfo(family=OsFamily.LINUX, name="Debian", version="12"),
    hardware=Hardware(ram_bytes=8 * 1024**3), software=[Software(name="nginx", version="1.22.1")],
)  # fmt: skip


def template(tree: Tree | None = None, rules: list[dict[str, Any]] | None = None, name: str = "Linux") -> GroupTemplate:
    return template_create(
        actor=ACTOR, name=name, operation="AND", conditions=LINUX if rules is None else rules,
        company_hub_id=tree.alpha.hub_id if tree else None, now=NOW,
    )  # fmt: skip


def group(tree: Tree, made: GroupTemplate, name: str = "Linux", parent: DynamicGroup | None = None) -> DynamicGroup:
    return dynamic_group_create(
        actor=ACTOR, name=name, template_id=made.pk, anchor_id=tree.alpha.pk, now=NOW,
        parent_id=parent.pk if parent else None,
    )  # fmt: skip


def policy_on(found: DynamicGroup, tree: Tree) -> Policy:
    policy = policy_create(
        actor=ACTOR, name="Nightly", product=PolicyProduct.ENDPOINT, settings={"scan.schedule": {"value": "0 3 * * *"}},
        company_hub_id=tree.alpha.hub_id, now=NOW,
    )  # fmt: skip
    policy_assign_dynamic(actor=ACTOR, policy_id=policy.pk, group_id=found.pk, now=NOW)
    return policy


def says(device: Device, groups: list[str] | None, seq: int = 1, at: datetime = NOW) -> None:
    body = Heartbeat(agent_version="1.0", started_at_us=0, interval_seconds=60, groups=groups)
    subject, raw = wire(device, body, seq=seq, at=at)
    batch_take([Incoming(subject, raw, at)], now=at)


def tells(device: Device, inventory: Inventory) -> None:
    subject, raw = wire(device, inventory)
    batch_take([Incoming(subject, raw, NOW)], now=NOW)


def members() -> set[tuple[str, str]]:
    rows = Membership.objects.values_list("device__hostname", "group__name")
    return set(rows)


@pytest.mark.django_db(transaction=True)
def test_the_document_carries_groups_rules_and_policies_and_the_agent_agrees(device: Device, tree: Tree) -> None:
    outer = group(tree, template(tree))
    inner = group(tree, template(tree, SERVERS, "Servers"), "Servers", parent=outer)
    policy_on(outer, tree)
    policy_on(inner, tree)
    consume_all(NOW)
    status = device_status(Known(inventory=INVENTORY), now=NOW)
    document = read_group(device)
    assert document_groups(document, status) == [outer.uid.hex]
    chain = document_chain(document, read_device(device), status)
    assert [(node.name, len(node.policies)) for node in chain][-2:] == [("Linux", 1), ("pc-1", 0)]


@pytest.mark.django_db(transaction=True)
def test_a_changed_template_reaches_the_documents(device: Device, tree: Tree) -> None:
    made = template(tree)
    group(tree, made)
    consume_all(NOW)
    former = read_group(device).version
    template_update(actor=ACTOR, template_id=made.pk, now=NOW, name=made.name, operation="NOR", conditions=made.rules)
    consume_all(NOW + timedelta(seconds=1))
    document = read_group(device)
    assert document.version > former
    assert document_groups(document, device_status(Known(inventory=INVENTORY), now=NOW)) == []


def test_memberships_are_what_the_device_says_last(device: Device, tree: Tree) -> None:
    made = template(tree)
    first, second = group(tree, made, "First"), group(tree, made, "Second")
    says(device, [first.uid.hex, second.uid.hex], seq=1)
    since = Membership.objects.get(group=second).since
    says(device, [second.uid.hex], seq=3, at=NOW + timedelta(minutes=1))
    says(device, [first.uid.hex], seq=2, at=NOW + timedelta(minutes=2))  # Older, and late.
    assert members() == {("pc-1", "Second")}
    assert Membership.objects.get().since == since
    says(device, None, seq=4)  # An agent that has not looked yet.
    assert members() == {("pc-1", "Second")}
    says(device, [], seq=5)
    assert members() == set()


def test_attack_a_device_joins_no_group_of_another_customer(device: Device, tree: Tree) -> None:
    foreign = dynamic_group_create(
        actor=ACTOR, name="Theirs", template_id=template().pk, anchor_id=tree.beta.pk, now=NOW
    )
    says(device, [foreign.uid.hex, uuid.uuid4().hex])
    assert members() == set()


def test_a_device_that_moves_away_leaves_with_its_next_word(device: Device, tree: Tree) -> None:
    found = group(tree, template(tree))
    says(device, [found.uid.hex])
    device_move(actor=ACTOR, device_id=device.pk, group_id=tree.beta.pk, now=NOW)
    says(device, [found.uid.hex], seq=2)
    assert members() == set()


def test_policies_follow_the_membership_in_the_managers_own_preview(device: Device, tree: Tree) -> None:
    found = group(tree, template(tree))
    policy = policy_on(found, tree)
    assert [node.name for node in device_chain(device)] == ["All", "Companies", "MSP", "Alpha", "pc-1"]
    assert not policy_devices(policy).exists()
    says(device, [found.uid.hex])
    assert [node.name for node in device_chain(device)][-2:] == ["Linux", "pc-1"]
    assert list(policy_devices(policy)) == [device]


def test_a_deleted_policy_comes_back_onto_its_dynamic_group(device: Device, tree: Tree) -> None:
    found = group(tree, template(tree))
    policy = policy_on(found, tree)
    policy_delete(actor=ACTOR, policy_id=policy.pk, now=NOW)
    policy_restore(actor=ACTOR, policy_id=policy.pk, now=NOW)
    assert [one.target for one in policy.assignments.all()] == [found]


def test_the_preview_answers_as_the_agent_does(device: Device, tree: Tree) -> None:
    tells(device, INVENTORY)
    device_create(actor=ACTOR, group_id=tree.alpha.pk, hostname="silent", kind=DeviceKind.WORKSTATION, now=NOW)
    status = device_status(Known(name="pc-1", inventory=INVENTORY), now=NOW)
    for rules in (
        LINUX, SERVERS, [{"symbol": "software.version", "operator": "LESS", "value": "1.23"}],
        [{"symbol": "hardware.memory", "operator": "GREATER_OR_EQUAL", "value": 8}],
    ):  # fmt: skip
        asked = template_load("AND", rules)
        preview = template_preview(asked, Device.objects.all(), now=NOW)
        assert (preview.looked, preview.total) == (2, 2)
        assert preview.devices == ([device] if is_member(asked, status) else [])


def test_a_preview_costs_two_queries_however_many_devices(device: Device, tree: Tree) -> None:
    for number in range(20):
        device_create(actor=ACTOR, group_id=tree.alpha.pk, hostname=f"n{number}", kind=DeviceKind.SERVER, now=NOW)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        template_preview(template_load("AND", LINUX), Device.objects.all(), now=NOW)
    assert len(queries) == 2


def test_order_of_a_place_and_the_names_in_it(tree: Tree, db: None) -> None:
    made = template(tree)
    names = ["One", "Two", "Three"]
    groups = [group(tree, made, name) for name in names]
    dynamic_group_shift(actor=ACTOR, group_id=groups[2].pk, steps=-5, now=NOW)
    dynamic_group_shift(actor=ACTOR, group_id=groups[2].pk, steps=1, now=NOW)
    assert list(DynamicGroup.objects.order_by("position").values_list("name", flat=True)) == ["One", "Three", "Two"]
    with pytest.raises(DynamicGroupNameTakenError):
        group(tree, made, "Two")
    with pytest.raises(DynamicGroupNameTakenError):
        dynamic_group_update(actor=ACTOR, group_id=groups[0].pk, name="Two", now=NOW)
    assert group(tree, made, "Two", parent=groups[0]).parent == groups[0]


def test_depth_has_an_end(tree: Tree) -> None:
    made, above = template(tree), None
    for level in range(8):
        above = group(tree, made, f"Level {level}", parent=above)
    with pytest.raises(DynamicGroupTooDeepError):
        group(tree, made, "Too deep", parent=above)


def test_attack_a_parent_of_another_place(tree: Tree) -> None:
    found = group(tree, template())
    with pytest.raises(DynamicGroupNotFoundError):
        dynamic_group_create(
            actor=ACTOR, name="Below", template_id=found.template_id, anchor_id=tree.beta.pk, now=NOW,
            parent_id=found.pk,
        )  # fmt: skip


def test_attack_a_template_of_another_customer(tree: Tree) -> None:
    made = template(tree)
    with pytest.raises(TemplateForeignError):
        dynamic_group_create(actor=ACTOR, name="X", template_id=made.pk, anchor_id=tree.beta.pk, now=NOW)


def test_a_used_template_stays(tree: Tree) -> None:
    made = template(tree)
    found = group(tree, made)
    with pytest.raises(TemplateUsedError):
        template_delete(actor=ACTOR, template_id=made.pk, now=NOW)
    dynamic_group_delete(actor=ACTOR, group_id=found.pk, now=NOW)
    template_delete(actor=ACTOR, template_id=made.pk, now=NOW)
    assert not GroupTemplate.objects.filter(pk=made.pk).exists()


@pytest.mark.parametrize(
    "rules",
    [
        pytest.param([], id="none"),
        pytest.param([{"symbol": "os.family"}], id="incomplete"),
        pytest.param([{**LINUX[0], "surprise": 1}], id="unknown field"),
        pytest.param([{**LINUX[0], "value": "BEOS"}], id="unknown choice"),
        pytest.param([{**LINUX[0], "operator": "CONTAINS"}], id="operator that does not fit"),
        pytest.param(LINUX * 33, id="too many"),
        pytest.param(["os.family = LINUX"], id="no object"),
    ],
)
def test_attack_rules_that_are_not_right(db: None, rules: list[Any]) -> None:
    with pytest.raises(TemplateRulesError) as refused:
        template_create(actor=ACTOR, name="X", operation="AND", conditions=rules, company_hub_id=None, now=NOW)
    assert refused.value.fields["rules"]
    assert not GroupTemplate.objects.exists()


def test_who_sees_what(tree: Tree, device: Device) -> None:
    own, everybodys = group(tree, template(tree)), template(name="Everybody's")
    says(device, [own.uid.hex])
    alphas = person("a@alpha.example", **{f"c{tree.alpha.hub_id.hex}": AccessLevel.WRITE})
    betas = person("b@beta.example", **{f"c{tree.beta.hub_id.hex}": AccessLevel.WRITE})
    nobody = person("n@nowhere.example")
    assert list(dynamic_groups_visible(alphas)) == [own]
    assert [one.name for one in templates_visible(alphas)] == ["Everybody's", "Linux"]
    assert list(templates_visible(alphas, level=AccessLevel.WRITE)) == [own.template]
    assert list(dynamic_groups_visible(betas)) == []
    assert list(templates_visible(betas)) == [everybodys]
    assert list(dynamic_groups_visible(nobody)) == []
    assert member_counts(tree.alpha.__class__.objects.filter(pk=tree.alpha.pk)) == {own.pk: 1}


def test_built_in_templates_come_once_and_stay_as_they_are(db: None) -> None:
    assert builtins_ensure(now=NOW) == len(builtins_load()) >= 8
    assert builtins_ensure(now=NOW) == 0
    found = GroupTemplate.objects.get(builtin="windows")
    with pytest.raises(TemplateBuiltinError):
        template_update(actor=ACTOR, template_id=found.pk, now=NOW, name="Mine", operation="AND", conditions=LINUX)
    with pytest.raises(TemplateBuiltinError):
        template_delete(actor=ACTOR, template_id=found.pk, now=NOW)
