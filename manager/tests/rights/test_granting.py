"""Giving, taking, inviting, leaving: nobody gives more than they hold, and one Owner stays."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
from cast import ACTOR, NOW, Tree, person
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from seatkeep_manager.directory.access import may_at, may_everywhere
from seatkeep_manager.directory.enums import AccessLevel, Functionality, GroupKind
from seatkeep_manager.directory.errors import PersonWithoutAccessError
from seatkeep_manager.directory.models import PermissionGrant, PermissionSet, StaticGroup, User
from seatkeep_manager.directory.people import person_from_claims
from seatkeep_manager.directory.selectors import group_system
from seatkeep_manager.enrollment.services import deployment_key_create
from seatkeep_manager.rights.api_clients import token_account, token_create, token_rotate
from seatkeep_manager.rights.enums import Choice
from seatkeep_manager.rights.errors import (
    AlreadyInvitedError,
    GrantTooMuchError,
    InvitationOverError,
    LastOwnerError,
    LeaveChoiceError,
    LeaveSelfError,
    LeftAlreadyError,
    OwnRightsError,
    PermissionSetInvalidError,
    PermissionSetTakenError,
    PermissionSetUsedError,
)
from seatkeep_manager.rights.explaining import explain
from seatkeep_manager.rights.granting import (
    grant_give,
    grant_take,
    program_check,
    set_create,
    set_delete,
    set_update,
)
from seatkeep_manager.rights.inviting import invitation_accept, invitation_create, invitation_open, invitation_revoke
from seatkeep_manager.rights.leaving import Decision, user_leave
from seatkeep_manager.rights.left_items import items_of, secrets_seen
from seatkeep_manager.rights.selectors import clients_visible, manageable, users_visible
from seatkeep_manager.rights.signing_in import sign_in_policy, sign_in_rule_set
from seatkeep_webkit.actors import Actor, ActorKind
from seatkeep_webkit.audit.models import AuditEntry
from seatkeep_webkit.errors import InvalidError

F = Functionality
WHO: dict[str, Any] = {"actor": ACTOR, "now": NOW}


def holder(email: str, group: StaticGroup, role: str) -> User:
    found = person(email)
    PermissionGrant.objects.create(user=found, group=group, role=role, created_at=NOW)
    return found


@pytest.fixture
def root(tree: Tree) -> StaticGroup:
    return group_system(GroupKind.ROOT)


@pytest.fixture
def alice(root: StaticGroup) -> User:
    return holder("alice@example.com", root, "OWNER")


@pytest.fixture
def adam(tree: Tree) -> User:
    """Administers Alpha only."""
    return holder("adam@alpha.example", tree.alpha, "ADMINISTRATOR")


def test_a_customers_administrator_gives_what_they_hold_there_and_nothing_elsewhere(tree: Tree, adam: User) -> None:
    bob = person("bob@example.com")
    grant_give(user=adam, person=bob, group=tree.alpha, role="TECHNICIAN", **WHO)
    assert may_at(bob, tree.alpha, F.POLICIES, AccessLevel.WRITE)
    for group in (tree.beta, tree.msp):
        with pytest.raises(GrantTooMuchError):
            grant_give(user=adam, person=bob, group=group, role="READ_ONLY", **WHO)


def test_attack_an_administrator_makes_an_owner(root: StaticGroup, alice: User) -> None:
    admin, bob = holder("admin@example.com", root, "ADMINISTRATOR"), person("bob@example.com")
    with pytest.raises(GrantTooMuchError):
        grant_give(user=admin, person=bob, group=root, role="OWNER", **WHO)
    grant_give(user=alice, person=bob, group=root, role="OWNER", **WHO)
    with pytest.raises(GrantTooMuchError):
        grant_take(user=admin, grant=bob.grants.get(), **WHO)


def test_attack_somebody_raises_their_own_rights(root: StaticGroup, alice: User) -> None:
    with pytest.raises(OwnRightsError):
        grant_give(user=alice, person=alice, group=root, role="ADMINISTRATOR", **WHO)
    own = set_create(user=alice, name="Mine", levels={"GROUPS": "READ"}, **WHO)
    PermissionGrant.objects.create(user=alice, group=root, permission_set=own, created_at=NOW)
    with pytest.raises(OwnRightsError):
        set_update(user=alice, permission_set=own, name="Mine", levels={"GROUPS": "WRITE"}, **WHO)


def test_attack_a_set_that_somebody_may_edit_gives_more_than_they_hold(root: StaticGroup) -> None:
    own = PermissionSet.objects.create(name="People", levels={"USERS": "WRITE"}, created_at=NOW)
    carl = person("carl@example.com")
    PermissionGrant.objects.create(user=carl, group=root, permission_set=own, created_at=NOW)
    with pytest.raises(GrantTooMuchError):
        set_create(user=carl, name="More", levels={"COMMANDS": "USE"}, **WHO)
    strong = PermissionSet.objects.create(name="Strong", levels={"COMMANDS": "USE"}, created_at=NOW)
    with pytest.raises(GrantTooMuchError):
        set_update(user=carl, permission_set=strong, name="Strong", levels={}, **WHO)


def test_the_last_owner_stays(root: StaticGroup, alice: User) -> None:
    olga = person("olga@example.com")
    grant_give(user=alice, person=olga, group=root, role="OWNER", **WHO)
    grant_take(user=alice, grant=olga.grants.get(), **WHO)
    grant_give(user=alice, person=olga, group=root, role="OWNER", **WHO)
    grant_take(user=olga, grant=alice.grants.get(), **WHO)
    alice.refresh_from_db()
    with pytest.raises(GrantTooMuchError):
        grant_take(user=alice, grant=olga.grants.get(), **WHO)
    admin = holder("second@example.com", root, "ADMINISTRATOR")
    with pytest.raises(LastOwnerError):
        user_leave(user=admin, person=olga, decisions={}, **WHO)


@pytest.mark.parametrize(
    ("name", "levels"), [("", {"GROUPS": "READ"}), ("x", {"TELEPORT": "READ"}), ("x", {"GROUPS": "ALL"})]
)
def test_a_set_without_a_name_or_with_unknown_words_is_refused(alice: User, name: str, levels: dict[str, str]) -> None:
    with pytest.raises(PermissionSetInvalidError):
        set_create(user=alice, name=name, levels=levels, **WHO)


def test_names_of_sets_are_unique_and_a_held_set_stays(alice: User, tree: Tree) -> None:
    own = set_create(user=alice, name="Scanners", levels={"CLIENT_TASKS": "USE", "GROUPS": "NONE"}, **WHO)
    assert own.levels == {"CLIENT_TASKS": "USE"}
    with pytest.raises(PermissionSetTakenError):
        set_create(user=alice, name="Scanners", levels={}, **WHO)
    bob = person("bob@example.com")
    grant = grant_give(user=alice, person=bob, group=tree.alpha, permission_set=own, **WHO)
    with pytest.raises(PermissionSetUsedError):
        set_delete(user=alice, permission_set=own, **WHO)
    grant_take(user=alice, grant=grant, **WHO)
    set_delete(user=alice, permission_set=own, **WHO)
    assert not PermissionSet.objects.exists()


def test_who_sees_and_manages_whom(tree: Tree, alice: User, adam: User) -> None:
    bea = holder("bea@beta.example", tree.beta, "TECHNICIAN")
    both = holder("both@example.com", tree.alpha, "READ_ONLY")
    PermissionGrant.objects.create(user=both, group=tree.beta, role="READ_ONLY", created_at=NOW)
    assert set(users_visible(adam)) == {adam, both}
    assert not users_visible(bea).exists()
    assert set(users_visible(alice)) == {alice, adam, bea, both}
    assert manageable(alice, both)
    assert not manageable(adam, both)
    assert not manageable(adam, adam)


def test_an_invited_person_works_here_with_what_was_promised(tree: Tree, alice: User) -> None:
    invited = invitation_create(email="New@Alpha.example", group=tree.alpha, role="HELP_DESK", invited_by=alice, **WHO)
    with pytest.raises(AlreadyInvitedError):
        invitation_create(email="new@alpha.example", group=tree.alpha, role="HELP_DESK", **WHO)
    found = invitation_open(invited.token, now=NOW)
    nina = invitation_accept(invitation=found, name="Nina", password="a long sentence", **WHO)
    assert (nina.email, nina.home_group) == ("new@alpha.example", tree.alpha)
    assert may_at(nina, tree.alpha, F.CLIENT_TASKS, AccessLevel.USE)
    for late in (NOW, NOW + timedelta(days=14)):
        with pytest.raises(InvitationOverError):
            invitation_open(invited.token, now=late)


def test_an_invitation_ends_after_14_days_or_when_it_is_withdrawn(tree: Tree) -> None:
    invited = invitation_create(email="a@b.example", group=tree.alpha, role="READ_ONLY", **WHO)
    with pytest.raises(InvitationOverError):
        invitation_open(invited.token, now=NOW + timedelta(days=14))
    invitation_revoke(invitation=invited.invitation, **WHO)
    with pytest.raises(InvitationOverError):
        invitation_accept(invitation=invited.invitation, name="x", password="a long sentence", **WHO)
    with pytest.raises(InvitationOverError):
        invitation_open("forged", now=NOW)


def test_a_program_may_what_was_chosen_and_never_more_than_its_maker(tree: Tree, adam: User, root: StaticGroup) -> None:
    for group, role in ((root, "READ_ONLY"), (tree.beta, "READ_ONLY"), (tree.alpha, "OWNER")):
        with pytest.raises(GrantTooMuchError):
            program_check(adam, group=group, role=role, permission_set=None)
    program_check(adam, group=tree.alpha, role="TECHNICIAN", permission_set=None)
    token, secret = token_create(name="RMM", group=tree.alpha, role="TECHNICIAN", made_by=adam, **WHO)
    assert list(clients_visible(adam)) == [token]
    assert not clients_visible(holder("bea@beta.example", tree.beta, "ADMINISTRATOR")).exists()
    account = token_account(secret, now=NOW)
    assert account
    assert may_at(account, tree.alpha, F.POLICIES, AccessLevel.WRITE)
    fresh = token_rotate(token=token, **WHO)
    assert (token_account(secret, now=NOW), token_account(fresh, now=NOW)) == (None, account)


def test_leaving_ends_what_is_personal_and_settles_what_was_made(tree: Tree, alice: User) -> None:
    bob = holder("bob@example.com", tree.alpha, "ADMINISTRATOR")
    token, secret = token_create(name="PSA", group=tree.alpha, role="READ_ONLY", made_by=bob, **WHO)
    key = deployment_key_create(actor=ACTOR, user=bob, group=tree.alpha, now=NOW)
    invited = invitation_create(email="x@y.example", group=tree.alpha, role="READ_ONLY", invited_by=bob, **WHO)
    assert {item.uid for item in items_of(bob)} == {token.uid, key.uid, invited.invitation.uid}

    decisions = {token.uid: Decision(Choice.ROTATE), key.uid: Decision(Choice.END)}
    left = user_leave(user=alice, person=bob, decisions=decisions, **WHO)

    bob.refresh_from_db()
    key.refresh_from_db()
    assert (bob.is_active, bob.left_at, bob.grants.count()) == (False, NOW, 0)
    assert key.revoked_at == NOW
    assert token_account(secret, now=NOW) is None
    assert [name for name, _secret in left.secrets] == ["PSA"]
    with pytest.raises(LeftAlreadyError):
        user_leave(user=alice, person=bob, decisions={}, **WHO)
    entry = AuditEntry.objects.get(action="person:leave")
    assert secret not in str(entry.details)
    assert left.secrets[0][1] not in str(entry.details)


def test_leaving_refuses_what_is_not_offered_and_then_changes_nothing(tree: Tree, alice: User) -> None:
    bob = holder("bob@example.com", tree.alpha, "ADMINISTRATOR")
    token, _secret = token_create(name="PSA", group=tree.alpha, role="READ_ONLY", made_by=bob, **WHO)
    foreign, _secret = token_create(name="Other", group=tree.alpha, role="READ_ONLY", made_by=alice, **WHO)
    for decisions in (
        {token.uid: Decision(Choice.HAND_OVER)},
        {token.uid: Decision(Choice.END, heir=alice)},
        {foreign.uid: Decision(Choice.END)},
    ):
        with pytest.raises(LeaveChoiceError):
            user_leave(user=alice, person=bob, decisions=decisions, **WHO)
    with pytest.raises(LeaveSelfError):
        user_leave(user=alice, person=alice, decisions={}, **WHO)
    bob.refresh_from_db()
    assert bob.is_active
    assert token in clients_visible(alice)


def test_attack_who_left_signs_in_through_licensing_again(tree: Tree, alice: User) -> None:
    claims = {
        "sub": "u1", "email": "bob@example.com", "name": "Bob",
        "seatkeep_access": [{"company_id": str(tree.msp.hub_id), "level": "WRITE", "role": "TECHNICIAN"}],
    }  # fmt: skip
    bob = person_from_claims(claims=claims, linked_company=tree.msp.hub_id, now=NOW)
    assert may_everywhere(bob, F.POLICIES)
    assert not may_everywhere(bob, F.USERS)
    user_leave(user=alice, person=bob, decisions={}, **WHO)
    with pytest.raises(PersonWithoutAccessError):
        person_from_claims(claims=claims, linked_company=tree.msp.hub_id, now=NOW)


@pytest.mark.parametrize(("role", "may_edit"), [("HELP_DESK", False), ("TECHNICIAN", True), (None, True), ("X", True)])
def test_the_role_of_the_claim_decides_and_an_unknown_one_is_the_plainest_of_its_level(
    tree: Tree, role: str | None, may_edit: bool
) -> None:
    level = "READ" if role == "HELP_DESK" else "WRITE"
    access = [{"company_id": str(tree.msp.hub_id), "level": level, "role": role}]
    claims = {"sub": "u", "email": "a@b.example", "seatkeep_access": access}
    found = person_from_claims(claims=claims, linked_company=tree.msp.hub_id, now=NOW)
    assert may_everywhere(found, F.POLICIES) == may_edit
    assert may_everywhere(found, F.CLIENT_TASKS, AccessLevel.USE)


def test_why_names_the_set_the_group_and_what_is_missing(tree: Tree, adam: User) -> None:
    bob = person("bob@example.com")
    nothing = explain(person=bob, group=tree.alpha, functionality=F.GROUPS, level=AccessLevel.READ)
    assert (nothing.is_allowed, nothing.facts[-1].code) == (False, "nothing_set")
    PermissionGrant.objects.create(user=bob, group=tree.msp, role="HELP_DESK", created_at=NOW)
    bob.refresh_from_db()
    yes = explain(person=bob, group=tree.alpha, functionality=F.CLIENT_TASKS, level=AccessLevel.USE)
    no = explain(person=bob, group=tree.alpha, functionality=F.POLICIES, level=AccessLevel.WRITE)
    assert yes.is_allowed
    assert any("MSP" in fact.words and fact.allows for fact in yes.facts)
    assert not no.is_allowed
    assert "role_short" in [fact.code for fact in no.facts]


def test_the_rule_asks_native_people_for_a_second_factor_and_ends_idle_sessions(tree: Tree) -> None:
    native, told = person("n@b.example"), User.objects.create_user("t@b.example", hub_sub="s")
    assert sign_in_policy(native).idle is None
    sign_in_rule_set(requires_second_factor=True, idle_minutes=30, **WHO)
    assert (sign_in_policy(native).requires_second_factor, sign_in_policy(told).requires_second_factor) == (True, False)
    assert sign_in_policy(told).idle == timedelta(minutes=30)
    for minutes in (4, 1441):
        with pytest.raises(InvalidError):
            sign_in_rule_set(requires_second_factor=False, idle_minutes=minutes, **WHO)


def test_an_invitation_is_accepted_in_the_browser_and_short_passwords_are_not(tree: Tree, client: Client) -> None:
    invited = invitation_create(
        email="nina@alpha.example", group=tree.alpha, role="READ_ONLY",
        actor=Actor(ActorKind.SYSTEM, "x", "x"), now=timezone.now(),
    )  # fmt: skip
    opened = client.get(reverse("console:invite", args=[invited.token]))
    assert (opened.status_code, invited.token in opened["Location"]) == (302, False)
    short = client.post(reverse("console:join"), {"name": "Nina", "password": "short", "again": "short"})
    words = "eleven blue horses"
    joined = client.post(reverse("console:join"), {"name": "Nina", "password": words, "again": words})
    assert (short.status_code, joined.status_code) == (422, 302)
    assert client.get(reverse("console:computers")).status_code == 200
    assert client.get(reverse("console:users")).status_code == 403


def test_the_operator_of_the_server_prints_the_link_of_a_first_native_owner(root: StaticGroup) -> None:
    said = io.StringIO()
    call_command("person_invite", "glass@example.com", stdout=said)
    token = said.getvalue().strip().rstrip("/").rsplit("/", 1)[1]
    invitation = invitation_open(token, now=timezone.now())
    assert (invitation.role, invitation.group) == ("OWNER", root)
    assert AuditEntry.objects.get(action="person:invite").actor_kind == "OPERATOR"
    with pytest.raises(CommandError):
        call_command("person_invite", "glass@example.com", stdout=said)


def test_a_key_that_was_looked_at_is_among_the_secrets_seen_once_a_day(tree: Tree, alice: User, client: Client) -> None:
    token = deployment_key_create(actor=ACTOR, user=None, group=tree.alpha, now=NOW)
    client.force_login(alice)
    for _again in range(2):
        assert client.get(reverse("console:installer", args=[token.uid])).status_code == 200
    assert [one.action for one in secrets_seen(alice)] == ["token:show"]
    assert AuditEntry.objects.filter(action="token:show").count() == 1


def test_pages_of_people_do_what_they_say(tree: Tree, alice: User, client: Client) -> None:
    bob = person("bob@example.com")
    client.force_login(alice)
    given = {"what": "role:HELP_DESK", "group": str(tree.alpha.uid)}
    client.post(reverse("console:user-give", args=[bob.uid]), given)
    grant = bob.grants.get()
    why = client.get(
        reverse("console:user-why", args=[bob.uid]),
        {"group": str(tree.alpha.uid), "functionality": "CLIENT_TASKS", "level": "USE"},
    )
    assert "Help desk" in why.content.decode()
    client.post(reverse("console:user-home", args=[bob.uid]), {"group": str(tree.alpha.uid)})
    client.post(reverse("console:user-take", args=[bob.uid, grant.uid]), {"confirmed": "1"})
    made = client.post(reverse("console:permission-set-new"), {"name": "Night", "CLIENT_TASKS": "USE"})
    refused = client.post(reverse("console:permission-set-new"), {"name": "Night", "CLIENT_TASKS": "ALL"})
    own = PermissionSet.objects.get(name="Night")
    client.post(reverse("console:user-give", args=[bob.uid]), {"what": f"set:{own.uid}", "group": str(tree.beta.uid)})
    client.post(reverse("console:sign-in-rules"), {"requires_second_factor": "on", "idle_minutes": "15"})
    bob.refresh_from_db()
    assert (bob.home_group, made.status_code, refused.status_code) == (tree.alpha, 302, 422)
    assert [one.permission_set for one in bob.grants.all()] == [own]
    assert client.get(reverse("console:users")).status_code == 302  # The rule holds for whoever set it, too.


def test_leaving_through_the_page_shows_new_secrets_once(tree: Tree, alice: User, client: Client) -> None:
    bob = holder("bob@example.com", tree.alpha, "TECHNICIAN")
    token, _secret = token_create(name="PSA", group=tree.alpha, role="READ_ONLY", made_by=bob, **WHO)
    client.force_login(alice)
    address = reverse("console:user-leave", args=[bob.uid])
    done = client.post(address, {f"choice-{token.uid}": "ROTATE"})
    again = client.get(address)
    assert (done.status_code, done["Cache-Control"]) == (200, "no-store")
    assert "skt_" in done.content.decode()
    assert "skt_" not in again.content.decode()
