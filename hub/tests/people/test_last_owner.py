"""The last owner of a company stays, whoever presses the button, also when two press at once."""

from __future__ import annotations

import threading

import pytest
from django.db import connection
from hub_cast import ACTOR, NOW, Cast, cast_make
from seatkeep_hub.companies.enums import AccessLevel, Role
from seatkeep_hub.companies.errors import LastOwnerError
from seatkeep_hub.companies.models import Access, User
from seatkeep_hub.companies.people import access_clear, access_set, role_assign, user_create
from seatkeep_hub.people.leaving import user_leave


def second_owner(cast: Cast) -> User:
    other = user_create(actor=ACTOR, company=cast.msp_a, email="zoe@example.com", name="Zoe", now=NOW)
    access_set(actor=ACTOR, user=other, company=cast.msp_a, role=Role.OWNER, now=NOW)
    return other


@pytest.mark.parametrize("end", ["clear", "degrade", "none", "assign", "leave"])
def test_the_last_owner_stays(cast: Cast, end: str) -> None:
    common = {"actor": ACTOR, "user": cast.alice, "now": NOW}
    acts = {
        "clear": lambda: access_clear(company=cast.msp_a, **common),
        "degrade": lambda: access_set(company=cast.msp_a, role=Role.ADMINISTRATOR, **common),
        "none": lambda: access_set(company=cast.msp_a, level=AccessLevel.NONE, **common),
        "assign": lambda: role_assign(company=cast.msp_a, role=Role.BILLING, customers=[cast.customer], **common),
        "leave": lambda: user_leave(decisions={}, **common),
    }
    with pytest.raises(LastOwnerError):
        acts[end]()


def test_with_a_second_owner_the_first_can_go(cast: Cast) -> None:
    second_owner(cast)
    user_leave(actor=ACTOR, user=cast.alice, decisions={}, now=NOW)
    cast.alice.refresh_from_db()
    assert not cast.alice.is_active


def test_an_owner_who_left_does_not_count(cast: Cast) -> None:
    other = second_owner(cast)
    user_leave(actor=ACTOR, user=other, decisions={}, now=NOW)
    with pytest.raises(LastOwnerError):
        access_clear(actor=ACTOR, user=cast.alice, company=cast.msp_a, now=NOW)


@pytest.mark.django_db(transaction=True)
def test_race_two_owners_end_each_other() -> None:
    cast = cast_make()
    victims = [cast.alice, second_owner(cast)]
    start, results = threading.Barrier(2), []

    def end(user: User) -> None:
        start.wait(timeout=30)
        try:
            access_clear(actor=ACTOR, user=user, company=cast.msp_a, now=NOW)
            results.append("done")
        except LastOwnerError:
            results.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=end, args=[user]) for user in victims]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(results) == ["done", "refused"]
    assert Access.objects.filter(company=cast.msp_a, role=Role.OWNER, level="WRITE", user__in=victims).count() == 1
