"""Where a form may end, as sites come and go."""

from __future__ import annotations

import pytest
from django.db import DatabaseError
from seatkeep_webkit.form_targets import FRESH_SECONDS, FormTargets, origin_of

SOURCE = f"{__name__}.addresses"
known: list[str] = []


def addresses() -> list[str]:
    """What the project's function would return."""
    if known == ["away"]:
        raise DatabaseError
    return known


class Clock:
    """A clock that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def targets(monkeypatch: pytest.MonkeyPatch) -> tuple[FormTargets, Clock]:
    monkeypatch.setattr("seatkeep_webkit.form_targets.import_string", lambda _: addresses)
    clock = Clock()
    return FormTargets(["https://fixed.example"], SOURCE, clock=clock), clock


def test_a_new_site_is_allowed_within_seconds(targets: tuple[FormTargets, Clock]) -> None:
    found, clock = targets
    known[:] = []
    before = found.text()
    known[:] = ["https://console.example:8443/welcome/"]
    clock.now = FRESH_SECONDS
    assert (before, found.text()) == (
        "'self' https://fixed.example",
        "'self' https://fixed.example https://console.example:8443",
    )


def test_the_last_answer_holds_while_the_database_is_away(targets: tuple[FormTargets, Clock]) -> None:
    found, clock = targets
    known[:] = ["https://console.example"]
    before = found.text()
    known[:] = ["away"]
    clock.now = FRESH_SECONDS
    assert found.text() == before


@pytest.mark.parametrize(
    "address",
    ["https://x.example; script-src *", "https://x.example 'unsafe-inline'", "https://*", "javascript:alert(1)",
     "//x.example", "", "https://[::1", "https://x.example,y.example"],
)  # fmt: skip
def test_attack_an_address_that_would_change_the_policy_is_left_out(address: str) -> None:
    assert origin_of(address) == ""


@pytest.mark.parametrize(
    ("address", "origin"),
    [("https://user:pass@x.example/a?b", "https://x.example"), ("http://[::1]:80/", "http://[::1]:80")],
)
def test_an_address_becomes_its_origin(address: str, origin: str) -> None:
    assert origin_of(address) == origin
