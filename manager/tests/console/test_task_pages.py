"""The form of a task for a group, and what its page says and offers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from seatkeep_manager.console.task_words import trigger_words
from seatkeep_manager.tasks.models import ClientTask
from standing_cast import Cast

pytestmark = pytest.mark.django_db


def send(cast: Cast, **changes: Any) -> Any:
    client = Client()
    client.force_login(cast.bob)
    place = f"dynamic:{cast.dynamic_group.uid}"
    data = {"kind": "SCAN", "place": place, "trigger": "ASAP", **changes}
    return client.post(reverse("console:task-order"), data)


def made() -> ClientTask:
    return ClientTask.objects.get(group__isnull=False)


@pytest.mark.parametrize(
    ("fields", "trigger", "words"),
    [
        ({"trigger": "ASAP"}, {"type": "ASAP"}, "At once"),
        ({"trigger": "JOINED"}, {"type": "JOINED"}, "When a computer joins the group"),
        (
            {"trigger": "ONCE", "date": "2030-12-24", "at": "18:00"},
            {"type": "ONCE", "at": "2030-12-24T18:00", "delay_seconds": 0}, "Once, 2030-12-24 18:00",
        ),
        (
            {"trigger": "WEEKLY", "days": ["0", "4"], "at": "03:00", "delay_minutes": "90"},
            {"type": "WEEKLY", "days": [0, 4], "at": "03:00", "delay_seconds": 5400},
            "Monday, Friday at 03:00, spread over 90 minutes",
        ),
        (
            {"trigger": "MONTHLY", "day": "31", "at": "03:00", "pause_minutes": "1440"},
            {"type": "MONTHLY", "day": 31, "at": "03:00", "delay_seconds": 0},
            "Day 31 of each month at 03:00, not again within 1 day",
        ),
        (
            {"trigger": "YEARLY", "month": "2", "day": "29", "at": "03:00"},
            {"type": "YEARLY", "month": 2, "day": 29, "at": "03:00", "delay_seconds": 0},
            "29 February each year at 03:00",
        ),
        (
            {"trigger": "EVENT", "source": "FILE", "log": "/var/log/x", "contains": "failed", "count": "3"},
            {"type": "EVENT", "source": "FILE", "log": "/var/log/x", "text": "failed", "event_id": None, "count": 3,
             "within_seconds": 600},
            "When it logs “failed”, /var/log/x, 3 times within 10 minutes",
        ),
        ({"trigger": "SIZE", "at_least": "5"}, {"type": "SIZE", "at_least": 5}, "When the group grows to 5"),
        (
            {"trigger": "CRON", "expression": "0 3 * * 1-5"},
            {"type": "CRON", "expression": "0 3 * * 1-5", "delay_seconds": 0}, "CRON 0 3 * * 1-5",
        ),
    ],
)  # fmt: skip
def test_each_trigger_of_the_form_becomes_its_own(
    cast: Cast, fields: dict[str, Any], trigger: dict[str, Any], words: str
) -> None:
    assert send(cast, **fields).status_code in (200, 204, 302)
    assert made().trigger == trigger
    assert trigger_words(made()) == words


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"trigger": "DAILY"}, "Needed here."),
        ({"kind": "MESSAGE"}, "Needed here."),
        ({"trigger": "EVENT", "source": "JOURNAL"}, "what a line must contain"),
        ({"trigger": "SIZE"}, "Needed here."),
        ({"kind": "ACTIVATE"}, "Select a valid choice"),
        ({"trigger": "CRON", "expression": "* * *"}, "five fields"),
        ({"place": "static:00000000-0000-0000-0000-000000000000"}, "Select a valid choice"),
    ],
)
def test_what_does_not_fit_is_said_in_the_form(cast: Cast, fields: dict[str, Any], said: str) -> None:
    answer = send(cast, **fields)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not ClientTask.objects.filter(group__isnull=False).exists()


def test_attack_a_group_of_another_customer_is_not_offered_and_not_taken(cast: Cast) -> None:
    assert send(cast, place=f"static:{cast.foreign.group.uid}").status_code == 422


def test_the_page_of_a_task_says_what_was_ordered_and_offers_to_try_again(cast: Cast) -> None:
    send(cast, kind="RESTART", text="Please save.", notice_minutes="5", life_hours="3")
    client = Client()
    client.force_login(cast.bob)
    page = client.get(reverse("console:task", args=[made().uid])).content.decode()
    assert made().life_seconds == timedelta(hours=3).total_seconds()
    assert all(words in page for words in ("Please save.", "after 5 minutes", "At once", "No computer has begun yet."))
    assert "Try again where it failed" not in page

    cast.task.runs.update(state="FAILED")
    assert "Try again where it failed" in client.get(reverse("console:task", args=[cast.task.uid])).content.decode()
    client.post(reverse("console:task-again", args=[cast.task.uid]), {"confirmed": "1"})
    assert ClientTask.objects.filter(kind="SCAN", params=cast.task.params).count() == 2
