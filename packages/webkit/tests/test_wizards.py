"""THE wizard: nothing lost on the way back, nothing written before the end."""

from __future__ import annotations

import pytest
from django.test import Client
from seatkeep_webkit.testing.models import Computer

URL = "/webkit/styleguide/wizard/"


@pytest.fixture
def start(page: Client) -> str:
    """The address of the first step of a new run."""
    return page.get(URL)["Location"]


def _at(start: str, step: str) -> str:
    return start.replace("step=company", f"step={step}")


def test_a_mistake_stays_on_its_step(page: Client, start: str) -> None:
    response = page.post(start, {"name": ""})
    assert response.status_code == 422
    assert "This field is required" in response.content.decode()


def test_a_step_is_asked_only_when_it_is_needed(page: Client, start: str) -> None:
    assert page.post(start, {"name": "A"})["Location"] == _at(start, "summary")
    assert page.post(start, {"name": "A", "wants_seats": "on"})["Location"] == _at(start, "seats")


def test_going_back_loses_nothing(page: Client, start: str) -> None:
    page.post(start, {"name": "Contoso", "wants_seats": "on"})
    assert page.post(_at(start, "seats"), {"seats": "77777", "back": "1"})["Location"] == start
    assert 'value="Contoso"' in page.get(start).content.decode()
    assert 'value="77777"' in page.get(_at(start, "seats")).content.decode()


def test_a_step_cannot_be_jumped_over(page: Client, start: str) -> None:
    page.post(start, {"name": "A", "wants_seats": "on"})
    assert page.get(_at(start, "summary"))["Location"] == _at(start, "seats")


def test_attack_finishing_without_the_steps_creates_nothing(page: Client, start: str) -> None:
    page.post(_at(start, "summary"))
    assert not Computer.objects.exists()


def test_the_summary_says_it_and_the_end_does_it_once(page: Client, start: str) -> None:
    page.post(start, {"name": "Contoso", "wants_seats": "on"})
    page.post(_at(start, "seats"), {"seats": "25"})
    summary = page.get(_at(start, "summary")).content.decode()
    assert "Contoso" in summary
    assert "25" in summary
    assert not Computer.objects.exists()
    page.post(_at(start, "summary"))
    page.post(_at(start, "summary"))
    assert Computer.objects.count() == 1


def test_a_refusal_shows_on_the_summary_and_keeps_everything(page: Client, start: str) -> None:
    Computer.objects.create(name="Contoso", customer="")
    page.post(start, {"name": "Contoso"})
    response = page.post(_at(start, "summary"))
    assert (response.status_code, "This name is taken." in response.content.decode()) == (409, True)
    assert 'value="Contoso"' in page.get(start).content.decode()


def test_two_runs_do_not_mix(page: Client, start: str) -> None:
    other = page.get(URL)["Location"]
    page.post(start, {"name": "One"})
    page.post(other, {"name": "Two"})
    assert 'value="One"' in page.get(start).content.decode()


@pytest.mark.parametrize("query", ["run=garbage&step=company", "step=summary", "run=%00"])
def test_an_unknown_run_begins_anew(page: Client, query: str) -> None:
    assert page.get(f"{URL}?{query}").status_code == 302
