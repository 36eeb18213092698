"""A policy from its first version to the bin and back: versions, copies, order, files, built-in ones."""

from __future__ import annotations

import json
import uuid
from datetime import datetime
from typing import Any

import pytest
from cast import ACTOR, Tree, person
from seatkeep_manager.directory.enums import AccessLevel
from seatkeep_manager.directory.models import Device
from seatkeep_manager.policies.builtins import builtins_ensure, builtins_load
from seatkeep_manager.policies.changes import ChangeKind, settings_changes
from seatkeep_manager.policies.enums import PolicyProduct
from seatkeep_manager.policies.errors import (
    DocumentTooLargeError,
    PolicyFileError,
    PolicyLockedError,
    PolicyNotFoundError,
    PolicyOrderError,
    PolicySettingsError,
)
from seatkeep_manager.policies.models import Policy, PolicyAssignment
from seatkeep_manager.policies.ordering import assignment_move, assignments_order
from seatkeep_manager.policies.rules import settings_clean
from seatkeep_manager.policies.selectors import (
    effective_policy,
    group_assignments,
    policies_deleted,
    policies_visible,
    policy_version_get,
    policy_versions,
)
from seatkeep_manager.policies.services import (
    policy_assign_device,
    policy_assign_group,
    policy_create,
    policy_delete,
    policy_duplicate,
    policy_restore,
    policy_roll_back,
    policy_update,
)
from seatkeep_manager.policies.transfer import FILE_LIMIT_BYTES, policies_export, policies_import, policy_file_read
from seatkeep_protocol.settings_schema import product_schema
from seatkeep_webkit.audit.models import AuditEntry
from seatkeep_webkit.outbox.models import OutboxEvent

BEAT, EXCLUDED = "heartbeat.interval_seconds", "scan.exclusions"


def make(now: datetime, beat: int = 60, *, name: str = "P", company: uuid.UUID | None = None) -> Policy:
    return policy_create(
        actor=ACTOR, name=name, product=PolicyProduct.AGENT, settings={BEAT: {"value": beat}}, company_hub_id=company,
        now=now, note="first",
    )  # fmt: skip


def beat(device: Device) -> Any:
    return effective_policy(device, product="agent")[BEAT].value


def test_each_version_tells_who_when_and_why(tree: Tree, now: datetime) -> None:
    policy = make(now)

    policy_update(actor=ACTOR, policy_id=policy.pk, settings={BEAT: {"value": 90}}, note="slow lines", now=now)

    assert [(one.version, one.created_by, one.note) for one in policy_versions(policy)] == [
        (2, "test", "slow lines"),
        (1, "test", "first"),
    ]


def test_a_new_name_makes_no_version(tree: Tree, now: datetime) -> None:
    policy = make(now)

    policy_update(actor=ACTOR, policy_id=policy.pk, name="Q", description=" what for ", now=now)

    policy.refresh_from_db()
    assert (policy.name, policy.description, policy.version) == ("Q", "what for", 1)


def test_a_former_version_comes_back_as_a_new_one(device: Device, tree: Tree, now: datetime) -> None:
    policy = make(now)
    policy_assign_group(actor=ACTOR, policy_id=policy.pk, group_id=tree.alpha.pk, now=now)
    policy_update(actor=ACTOR, policy_id=policy.pk, settings={BEAT: {"value": 90}}, now=now)

    policy_roll_back(actor=ACTOR, policy_id=policy.pk, version=policy_version_get(policy, version=1), now=now)

    policy.refresh_from_db()
    assert (policy.version, beat(device)) == (3, 60)


def test_a_copy_stands_alone(tree: Tree, now: datetime) -> None:
    policy = make(now)

    copy = policy_duplicate(actor=ACTOR, policy_id=policy.pk, name="Copy", company_hub_id=tree.alpha.hub_id, now=now)
    policy_update(actor=ACTOR, policy_id=policy.pk, settings={BEAT: {"value": 90}}, now=now)

    assert (copy.settings[BEAT]["value"], copy.version, copy.company_hub_id) == (60, 1, tree.alpha.hub_id)


def test_a_deleted_policy_comes_back_where_it_was(device: Device, tree: Tree, now: datetime) -> None:
    policy = make(now)
    policy_assign_group(actor=ACTOR, policy_id=policy.pk, group_id=tree.alpha.pk, now=now)
    policy_assign_device(actor=ACTOR, policy_id=policy.pk, device_id=device.pk, now=now)
    policy_delete(actor=ACTOR, policy_id=policy.pk, now=now)
    assert beat(device) == 30

    for _ in range(2):
        policy_restore(actor=ACTOR, policy_id=policy.pk, now=now)

    assert (beat(device), PolicyAssignment.objects.count()) == (60, 2)


def test_what_left_the_owner_meanwhile_is_not_assigned_again(device: Device, tree: Tree, now: datetime) -> None:
    policy = make(now, company=tree.alpha.hub_id)
    policy_assign_device(actor=ACTOR, policy_id=policy.pk, device_id=device.pk, now=now)
    policy_delete(actor=ACTOR, policy_id=policy.pk, now=now)
    Device.objects.filter(pk=device.pk).update(group=tree.beta, company_hub_id=tree.beta.hub_id)

    policy_restore(actor=ACTOR, policy_id=policy.pk, now=now)

    assert not PolicyAssignment.objects.exists()


def test_the_bin_is_for_who_may_change(tree: Tree, now: datetime) -> None:
    policy = make(now, company=tree.alpha.hub_id)
    policy_delete(actor=ACTOR, policy_id=policy.pk, now=now)
    writer = person("w@a.example", **{f"c{tree.alpha.hub_id.hex}": AccessLevel.WRITE})
    reader = person("r@a.example", **{f"c{tree.alpha.hub_id.hex}": AccessLevel.READ})

    assert (list(policies_deleted(writer)), list(policies_deleted(reader))) == ([policy], [])


def test_everybodys_policies_are_nothing_to_somebody_without_access(tree: Tree, now: datetime) -> None:
    make(now)
    reader = person("r@a.example", **{f"c{tree.alpha.hub_id.hex}": AccessLevel.READ})

    assert policies_visible(reader).count() == 1
    assert policies_visible(person("x@x.example")).count() == 0


@pytest.fixture
def three(device: Device, tree: Tree, now: datetime) -> list[PolicyAssignment]:
    """Three policies on one group, merged in this order: 10, 20, 30 seconds."""
    return [
        policy_assign_group(
            actor=ACTOR, policy_id=make(now, seconds, name=str(seconds)).pk, group_id=tree.alpha.pk, now=now
        )
        for seconds in (10, 20, 30)
    ]


def names(tree: Tree) -> list[str]:
    return [row.policy.name for row in group_assignments(tree.alpha)]


def test_the_last_in_order_wins(three: list[PolicyAssignment], device: Device, tree: Tree, now: datetime) -> None:
    wanted = [three[2].uid, three[0].uid, three[1].uid]

    assignments_order(actor=ACTOR, target=tree.alpha, wanted=wanted, now=now)

    assert (names(tree), beat(device)) == (["30", "10", "20"], 20)


@pytest.mark.parametrize(
    ("which", "steps", "expected"),
    [(0, 1, "20 10 30"), (2, -1, "10 30 20"), (0, -1, "10 20 30"), (2, 9, "10 20 30"), (2, -9, "30 10 20")],
)
def test_one_step_up_or_down_and_no_further_than_the_end(
    three: list[PolicyAssignment], tree: Tree, now: datetime, which: int, steps: int, expected: str
) -> None:
    assignment_move(actor=ACTOR, assignment_id=three[which].pk, steps=steps, now=now)

    assert " ".join(names(tree)) == expected


def test_the_same_order_again_changes_nothing(three: list[PolicyAssignment], tree: Tree, now: datetime) -> None:
    before = OutboxEvent.objects.count(), AuditEntry.objects.count()

    assignments_order(actor=ACTOR, target=tree.alpha, wanted=[row.uid for row in three], now=now)

    assert (OutboxEvent.objects.count(), AuditEntry.objects.count()) == before


@pytest.mark.parametrize("wanted", ["missing", "double", "foreign", "more"])
def test_an_order_that_is_not_what_stands_there_is_refused(
    three: list[PolicyAssignment], tree: Tree, now: datetime, wanted: str
) -> None:
    first, second, third = (row.uid for row in three)
    lists = {
        "missing": [first, second], "double": [first, second, second], "foreign": [first, second, uuid.uuid4()],
        "more": [first, second, third, third],
    }  # fmt: skip

    with pytest.raises(PolicyOrderError):
        assignments_order(actor=ACTOR, target=tree.alpha, wanted=lists[wanted], now=now)


def test_a_file_comes_back_as_it_was_written(tree: Tree, now: datetime) -> None:
    written = [make(now, 60, name="a"), make(now, 90, name="b")]
    raw = json.dumps(policies_export(written)).encode()

    made = policies_import(actor=ACTOR, file=policy_file_read(raw), company_hub_id=tree.alpha.hub_id, now=now)

    assert [(one.name, one.settings) for one in made] == [(one.name, one.settings) for one in written]
    assert policies_export(made) == policies_export(written)
    assert {one.company_hub_id for one in made} == {tree.alpha.hub_id}


def file_of(**entry: Any) -> bytes:
    one = {"name": "n", "product": "agent", "settings": {BEAT: {"value": 60}}} | entry
    return json.dumps({"format": "seatkeep-policies", "version": 1, "policies": [one]}).encode()


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"\xff", b"{}", b"[]", b"null", b"[" * 100_000, b'{"format":"other","policies":[]}', file_of(name=""),
        file_of(name=7), file_of(owner="x"), file_of(settings=[]), b"x" * (FILE_LIMIT_BYTES + 1),
        file_of().replace(b'"version": 1', b'"version": 2'), file_of().replace(b'"policies"', b'"policy"'),
    ],
)  # fmt: skip
def test_what_is_no_file_of_policies_is_refused_with_a_reason(raw: bytes) -> None:
    with pytest.raises(PolicyFileError) as caught:
        policy_file_read(raw)

    assert caught.value.detail


def read_and_import(raw: bytes, now: datetime) -> None:
    policies_import(actor=ACTOR, file=policy_file_read(raw), company_hub_id=None, now=now)


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({"product": "toaster"}, "toaster"),
        ({"settings": {"no.such": {"value": 1}}}, "no.such"),
        ({"settings": {BEAT: {"value": 1}}}, BEAT),
        ({"settings": {BEAT: {"value": 60, "flag": "SHOUT"}}}, "SHOUT"),
        ({"name": "a\x00b"}, ""),
        ({"name": "x" * 201}, ""),
    ],
)
def test_a_policy_that_does_not_fit_is_named_and_none_is_made(
    tree: Tree, now: datetime, entry: dict[str, Any], reason: str
) -> None:
    good = json.loads(file_of())
    good["policies"].append(json.loads(file_of(**entry))["policies"][0])

    with pytest.raises(PolicyFileError) as caught:
        read_and_import(json.dumps(good).encode(), now)

    assert reason in caught.value.detail + str(caught.value.fields)
    assert not Policy.objects.filter(name="n").exists()


def test_a_zero_byte_in_a_value_is_refused_by_name() -> None:
    with pytest.raises(PolicySettingsError) as caught:
        settings_clean(product="endpoint", settings={EXCLUDED: {"value": ["/a\x00"]}})

    assert list(caught.value.fields) == [EXCLUDED]


def test_built_in_policies_are_made_once_and_fit_their_schemas(tree: Tree, now: datetime) -> None:
    assert builtins_ensure(now=now) == len(builtins_load()) >= 6
    assert builtins_ensure(now=now) == 0
    assert Policy.objects.filter(builtin__isnull=False, company_hub_id=None).count() == len(builtins_load())


def test_a_built_in_policy_is_locked_but_can_be_copied_and_assigned(tree: Tree, device: Device, now: datetime) -> None:
    builtins_ensure(now=now)
    policy = Policy.objects.get(builtin="contact-often")
    for act in (policy_update, policy_delete):
        extra: dict[str, Any] = {"name": "mine"} if act is policy_update else {}
        with pytest.raises(PolicyLockedError):
            act(actor=ACTOR, policy_id=policy.pk, now=now, **extra)

    policy_assign_group(actor=ACTOR, policy_id=policy.pk, group_id=tree.alpha.pk, now=now)
    copy = policy_duplicate(actor=ACTOR, policy_id=policy.pk, name="mine", company_hub_id=None, now=now)

    assert (beat(device), copy.is_locked) == (10, False)


def test_what_is_gone_stays_gone_for_every_act(tree: Tree, now: datetime) -> None:
    policy = make(now)
    policy_delete(actor=ACTOR, policy_id=policy.pk, now=now)

    for act in (policy_delete, policy_update):
        with pytest.raises(PolicyNotFoundError):
            act(actor=ACTOR, policy_id=policy.pk, now=now)


def test_too_large_is_said_with_name_and_size(tree: Tree, now: datetime) -> None:
    long = {EXCLUDED: {"value": [f"/{n:04}" + "x" * 300 for n in range(1000)]}}
    policy = policy_create(
        actor=ACTOR, name="long", product=PolicyProduct.ENDPOINT, settings=long, company_hub_id=None, now=now
    )

    with pytest.raises(DocumentTooLargeError) as caught:
        policy_assign_group(actor=ACTOR, policy_id=policy.pk, group_id=tree.alpha.pk, now=now)

    assert caught.value.detail == "The policies on Alpha would have 302 kB together; at most 212 kB fit."


def test_a_group_below_that_would_grow_too_large_is_found(tree: Tree, now: datetime) -> None:
    half = {EXCLUDED: {"value": [f"/{n:04}" + "x" * 300 for n in range(450)]}}
    for group in (tree.alpha, tree.msp):
        policy = policy_create(
            actor=ACTOR, name="half", product=PolicyProduct.ENDPOINT, settings=half, company_hub_id=None, now=now
        )
        if group is tree.alpha:
            policy_assign_group(actor=ACTOR, policy_id=policy.pk, group_id=group.pk, now=now)

    with pytest.raises(DocumentTooLargeError) as caught:
        policy_assign_group(actor=ACTOR, policy_id=policy.pk, group_id=tree.msp.pk, now=now)

    assert "Alpha" in caught.value.detail


def test_a_difference_is_told_setting_by_setting() -> None:
    before = {EXCLUDED: {"value": ["/a", "/b"]}, "scan.schedule": {"value": "0 1 * * *"}, "gone": {"value": 1}}
    after = {EXCLUDED: {"value": ["/b", "/c"]}, "quarantine.on_detection": {"value": False}}

    changes = settings_changes(before, after, schema=product_schema("endpoint"))

    assert [(one.name, one.kind, one.added, one.removed) for one in changes] == [
        ("scan.schedule", ChangeKind.REMOVED, (), ()),
        (EXCLUDED, ChangeKind.CHANGED, ("/c",), ("/a",)),
        ("quarantine.on_detection", ChangeKind.ADDED, (), ()),
        ("gone", ChangeKind.REMOVED, (), ()),
    ]
