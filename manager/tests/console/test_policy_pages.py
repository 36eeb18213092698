"""Policies in the console: what a form sends, what it says when it is wrong, whose it is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from seatkeep_manager.console.policy_words import changes_words
from seatkeep_manager.directory.models import StaticGroup
from seatkeep_manager.policies.builtins import builtins_ensure
from seatkeep_manager.policies.models import Policy
from seatkeep_manager.policies.services import policy_assign_group, policy_create, policy_delete, policy_update
from seatkeep_protocol.settings_schema import product_schema
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.clock import now
from standing_cast import Cast

pytestmark = pytest.mark.django_db
ACTOR = Actor.system("test")
HOUR, EXCLUDED, AGE = "scan.schedule", "scan.exclusions", "signatures.max_age_days"


def client(user: Any) -> Client:
    made = Client()
    made.force_login(user)
    return made


def url(name: str, *args: object, tab: str = "") -> str:
    return reverse(f"console:{name}", args=args) + (f"?tab={tab}" if tab else "")


def fields(**changed: str) -> dict[str, str]:
    """What the browser sends for a policy that forces one hour."""
    sent = {"name": "Nightly scan", "scan__schedule": "0 4 * * *", "scan__schedule--flag": "FORCE", "note": "why not"}
    untouched = {
        f"{name.replace('.', '__')}--flag": "NOT_APPLY"
        for name in product_schema("endpoint").properties
        if name != HOUR
    }
    modes = {
        f"{name.replace('.', '__')}--mode": "APPEND"
        for name, one in product_schema("endpoint").properties.items()
        if one.is_list
    }
    return untouched | modes | sent | changed


def test_the_editor_saves_a_version_with_its_reason(cast: Cast) -> None:
    answer = client(cast.bob).post(url("policy-edit", cast.policy.uid), fields())

    cast.policy.refresh_from_db()
    assert answer.status_code == 302
    assert cast.policy.settings == {HOUR: {"value": "0 4 * * *", "flag": "FORCE"}}
    assert cast.policy.versions.get(version=2).note == "why not"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"signatures__max_age_days": "99", "signatures__max_age_days--flag": "APPLY"}, "less than or equal to 30"),
        ({"scan__schedule": "often"}, "must look like"),
        ({"scan__schedule--flag": "SHOUT"}, "Please correct"),
        ({"name": ""}, "required"),
        ({"how": "stages", "stages": "10, 20"}, "rise to 100"),
        ({"how": "stages", "stages": "ten"}, "Percentages with commas"),
        ({"how": "stages", "hold_minutes": "-1"}, "greater than or equal to 0"),
    ],
)
def test_what_does_not_fit_is_said_at_its_field_and_nothing_is_written(
    cast: Cast, changed: dict[str, str], said: str
) -> None:
    answer = client(cast.bob).post(url("policy-edit", cast.policy.uid), fields(**changed))

    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert cast.policy.versions.count() == 1


def test_in_stages_the_version_in_force_stays(cast: Cast) -> None:
    sent = fields(how="stages", stages="50, 100", hold_minutes="5", failed_percent="0")

    answer = client(cast.bob).post(url("policy-edit", cast.policy.uid), sent)

    rollout = cast.policy.rollouts.get()
    assert answer["Location"].endswith("?tab=rollout")
    assert (rollout.stages, rollout.hold_seconds, rollout.failed_percent) == ([50, 100], 300, 0)
    cast.policy.refresh_from_db()
    assert cast.policy.version == 1
    assert client(cast.bob).get(url("policy-edit", cast.policy.uid)).status_code == 302


@pytest.mark.parametrize(("act", "state"), [("pause", "PAUSED"), ("take-back", "ROLLED_BACK"), ("advance", "RUNNING")])
def test_a_rollout_is_led_by_buttons_that_ask_first(cast: Cast, act: str, state: str) -> None:
    bob, page = client(cast.bob), url("rollout-act", cast.policy.uid, act)
    bob.post(url("policy-edit", cast.policy.uid), fields(how="stages", stages="50, 100"))
    assert bob.get(page).status_code == 200

    assert bob.post(page, {"confirmed": "1"}).status_code == 302

    assert cast.policy.rollouts.get().state == state
    assert client(cast.rita).post(page, {"confirmed": "1"}).status_code == 404
    assert client(cast.charlie).post(page, {"confirmed": "1"}).status_code == 404


def test_a_reader_is_offered_nothing_that_would_be_refused(cast: Cast) -> None:
    def offered(user: Any) -> set[str]:
        page = client(user).get(url("policy", cast.policy.uid)).content.decode()
        return {words for words in ("Assign…", "Take off…", "Duplicate…", "Delete…") if words in page}

    assert offered(cast.rita) == set()
    assert offered(cast.bob) == {"Assign…", "Take off…", "Duplicate…", "Delete…"}


def test_an_unknown_act_or_no_rollout_is_404(cast: Cast) -> None:
    bob = client(cast.bob)
    assert bob.get(url("rollout-act", cast.policy.uid, "pause")).status_code == 404
    bob.post(url("policy-edit", cast.policy.uid), fields(how="stages"))

    assert bob.get(url("rollout-act", cast.policy.uid, "explode")).status_code == 404


def test_the_page_of_a_rollout_shows_only_computers_that_one_may_see(cast: Cast) -> None:
    top = StaticGroup.objects.get(hub_id=cast.msp.hub_id)
    wide = policy_create(
        actor=ACTOR, name="Wide", product="endpoint", settings={HOUR: {"value": "0 1 * * *"}}, company_hub_id=None,
        now=now(),
    )  # fmt: skip
    policy_assign_group(actor=ACTOR, policy_id=wide.pk, group_id=top.pk, now=now())
    client(cast.alice).post(url("policy-edit", wide.uid), fields(name="Wide", how="stages", stages="100"))

    page = client(cast.bob).get(url("policy", wide.uid, tab="rollout")).content.decode()

    assert "reception-01" in page
    assert "oven-pc" not in page
    assert "Take back" not in page


def test_versions_speak_in_words_and_come_back(cast: Cast) -> None:
    policy_update(
        actor=ACTOR, policy_id=cast.policy.pk, now=now(), note="databases moved",
        settings={EXCLUDED: {"value": ["/srv/sql/**"], "mode": "APPEND"}, AGE: {"value": 1, "flag": "FORCE"}},
    )  # fmt: skip
    bob = client(cast.bob)

    page = bob.get(url("policy", cast.policy.uid, tab="versions")).content.decode()
    for words in ("databases moved", "added: /srv/sql/**", "removed: /srv/db/**", "no longer set", "now set: 1 day"):
        assert words in page
    bob.post(url("policy-version-back", cast.policy.uid, 1), {"note": ""})

    cast.policy.refresh_from_db()
    assert (cast.policy.version, HOUR in cast.policy.settings) == (3, True)
    assert client(cast.rita).post(url("policy-version-back", cast.policy.uid, 1), {}).status_code == 404


def test_every_kind_of_difference_has_words() -> None:
    before = {
        HOUR: {"value": None}, EXCLUDED: {"value": ["/a", "/b"]}, AGE: {"value": 1, "flag": "FORCE"},
        "engine.kind": {"value": "yara"}, "quarantine.on_detection": {"value": True}, "gone.setting": {"value": 1},
    }  # fmt: skip
    after = {
        HOUR: {"value": "0 1 * * *"}, EXCLUDED: {"value": ["/b", "/a"]}, AGE: {"value": 1},
        "engine.kind": {"value": "clamd"}, "quarantine.on_detection": {"value": False, "flag": "FORCE"},
    }  # fmt: skip

    words = {one.name: one.lines for one in changes_words(before, after, product_schema("endpoint"))}

    assert words == {
        HOUR: ("none → 0 1 * * *",),
        EXCLUDED: ("in another order",),
        AGE: ("no longer forced",),
        "engine.kind": ("YARA-X → ClamAV",),
        "quarantine.on_detection": ("On → Off", "now forced"),
        "gone.setting": ("no longer set; it was 1",),
    }


def test_a_built_in_policy_can_be_copied_but_not_edited(cast: Cast) -> None:
    builtins_ensure(now=now())
    found, alice = Policy.objects.get(builtin="strict"), client(cast.alice)
    assert alice.get(url("policy-edit", found.uid)).status_code == 302
    assert alice.post(url("policy-delete", found.uid), {"confirmed": "1"}).status_code == 422

    alice.post(url("policy-duplicate", found.uid), {"name": "Ours", "owner": str(cast.alpha.hub_id)})

    assert Policy.objects.get(name="Ours").company_hub_id == cast.alpha.hub_id
    foreign = {"name": "Theirs", "owner": str(cast.beta.hub_id)}
    assert client(cast.bob).post(url("policy-duplicate", found.uid), foreign).status_code == 422
    assert not Policy.objects.filter(name="Theirs").exists()


def test_deleted_is_said_with_its_templates_and_undone(cast: Cast) -> None:
    bob = client(cast.bob)
    question = bob.get(url("policy-delete", cast.policy.uid)).content.decode()
    assert "It can be brought back" in question
    bob.post(url("policy-delete", cast.policy.uid), {"confirmed": "1"})
    assert "Nightly scan" in bob.get(url("policies-bin")).content.decode()
    assert "Nightly scan" not in client(cast.rita).get(url("policies-bin")).content.decode()
    assert client(cast.rita).post(url("policy-restore", cast.policy.uid), {"confirmed": "1"}).status_code == 404

    bob.post(url("policy-restore", cast.policy.uid), {"confirmed": "1"})

    assert cast.policy.assignments.count() == 1


@pytest.fixture
def second(cast: Cast) -> Policy:
    """A second policy on the same group."""
    made = policy_create(
        actor=ACTOR, name="Second", product="agent", settings={}, company_hub_id=cast.alpha.hub_id, now=now()
    )
    policy_assign_group(actor=ACTOR, policy_id=made.pk, group_id=cast.group.pk, now=now())
    return made


def test_the_order_of_a_group_is_changed_by_buttons_and_by_dragging(cast: Cast, second: Policy) -> None:
    bob, later = client(cast.bob), second.assignments.get()

    def names() -> list[str]:
        return [row.policy.name for row in cast.group.policy_assignments.order_by("position")]

    bob.post(url("policy-move", later.uid), {"to": "up"})
    assert names() == ["Second", "Nightly scan"]
    bob.post(url("group-policies-order", cast.group.uid), {"assignment": [str(cast.assignment.uid), str(later.uid)]})
    assert names() == ["Nightly scan", "Second"]
    assert bob.post(url("group-policies-order", cast.group.uid), {"assignment": ["x"]}).status_code == 404
    assert client(cast.rita).post(url("policy-move", later.uid), {"to": "up"}).status_code == 404
    assert client(cast.rita).post(url("group-policies-order", cast.group.uid), {}).status_code == 404


def test_a_group_page_shows_the_way_down_and_offers_to_a_reader_nothing(cast: Cast, second: Policy) -> None:
    page = client(cast.rita).get(url("group-policies", cast.group.uid)).content.decode()

    assert page.index("Northwind IT") < page.index("Nightly scan") < page.index("Second")
    assert "Take off" not in page
    beta = StaticGroup.objects.get(hub_id=cast.beta.hub_id)
    assert client(cast.rita).get(url("group-policies", beta.uid)).status_code == 404


def test_a_policy_is_tried_on_a_computer_of_ones_own(cast: Cast, second: Policy) -> None:
    bob, page = client(cast.bob), url("policy-preview", cast.policy.uid)
    assert "reception-01" in bob.get(f"{page}?q=reception").content.decode()
    assert "oven-pc" not in bob.get(f"{page}?q=oven").content.decode()
    assert "Exclusions" in bob.get(f"{page}?device={cast.device.uid}&version=1").content.decode()

    for wrong in (f"device={cast.foreign.uid}", "device=x", f"device={cast.device.uid}&version=99"):
        assert bob.get(f"{page}?{wrong}").status_code == 404


def test_the_list_names_only_places_that_one_may_see(cast: Cast) -> None:
    wide = policy_create(actor=ACTOR, name="Wide", product="agent", settings={}, company_hub_id=None, now=now())
    for hub_id in (cast.alpha.hub_id, cast.beta.hub_id):
        group = StaticGroup.objects.get(hub_id=hub_id)
        policy_assign_group(actor=ACTOR, policy_id=wide.pk, group_id=group.pk, now=now())

    page = client(cast.bob).get(url("policies")).content.decode()

    assert "Wide" in page
    assert "Beta Bakery" not in page
    assert "Beta Bakery" not in client(cast.bob).get(url("policy", wide.uid)).content.decode()


def upload(user: Any, raw: bytes, owner: str = "") -> Any:
    file = SimpleUploadedFile("p.json", raw, content_type="application/json")
    return client(user).post(url("policies-import"), {"file": file, "owner": owner})


def test_a_file_goes_out_by_a_selection_and_comes_in_again(cast: Cast) -> None:
    answer = client(cast.bob).post(url("policies-export"), {"selected": [cast.policy.pk]})
    raw = client(cast.bob).get(answer["Location"]).content

    assert json.loads(raw)["policies"][0]["name"] == "Nightly scan"
    assert upload(cast.bob, raw, str(cast.alpha.hub_id)).status_code == 302
    assert Policy.objects.filter(name="Nightly scan", company_hub_id=cast.alpha.hub_id).count() == 2


@pytest.mark.parametrize("raw", [b"", b"{}", b"\x00\xff", b'{"format": "seatkeep-policies", "policies": []}'])
def test_a_wrong_file_is_refused_with_a_reason(cast: Cast, raw: bytes) -> None:
    answer = upload(cast.alice, raw)

    assert answer.status_code == 422
    assert "field-error" in answer.content.decode()


def test_a_file_of_somebody_elses_policies_is_empty(cast: Cast) -> None:
    secret = policy_create(
        actor=ACTOR, name="Beta's", product="agent", settings={}, company_hub_id=cast.beta.hub_id, now=now()
    )

    raw = client(cast.bob).get(f"{url('policies-export')}?policy={secret.uid}&policy={cast.policy.uid}").content

    assert [one["name"] for one in json.loads(raw)["policies"]] == ["Nightly scan"]
    assert client(cast.bob).get(f"{url('policies-export')}?policy=x").status_code == 404


def test_the_number_of_statements_does_not_grow_with_the_list(cast: Cast, django_assert_max_num_queries: Any) -> None:
    for number in range(30):
        made = policy_create(
            actor=ACTOR, name=f"P{number}", product="agent", settings={}, company_hub_id=None, now=now()
        )
        policy_assign_group(actor=ACTOR, policy_id=made.pk, group_id=cast.group.pk, now=now())
        if number % 5 == 0:
            policy_delete(actor=ACTOR, policy_id=made.pk, now=now())
    alice = client(cast.alice)

    with django_assert_max_num_queries(30):
        assert alice.get(url("policies")).status_code == 200
    with django_assert_max_num_queries(45):
        assert alice.get(url("group-policies", cast.group.uid)).status_code == 200
