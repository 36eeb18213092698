"""What a technician does with one computer, and the tokens of programs, through the pages."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse
from seatkeep_manager.rights.models import ApiToken
from seatkeep_manager.statedocs.models import LicenseAssignment
from standing_cast import Cast

PAGES = ["device-license", "device-license-take", "device-policy", "device-stop"]


def signed_in(user: object) -> Client:
    client = Client()
    client.force_login(user)  # type: ignore[arg-type]  # the project's user
    return client


def url(cast: Cast, name: str) -> str:
    return reverse(f"console:{name}", args=[cast.device.uid])


def license_tab(cast: Cast) -> str:
    return signed_in(cast.bob).get(url(cast, "device") + "?tab=license").content.decode()


@pytest.mark.parametrize("name", PAGES)
def test_a_reader_may_not_act_on_a_computer(cast: Cast, name: str) -> None:
    assert signed_in(cast.rita).post(url(cast, name), {"confirmed": "1"}).status_code in (403, 404)


def test_a_license_is_assigned_and_taken_away(cast: Cast) -> None:
    client = signed_in(cast.bob)
    client.post(url(cast, "device-license"), {"license": cast.license.public_id})
    assert cast.license.public_id in license_tab(cast)
    client.post(url(cast, "device-license-take"), {"confirmed": "1"})
    assert LicenseAssignment.objects.get().is_withdrawn
    assert "Assign a license…" in license_tab(cast)


def test_attack_a_license_that_was_not_offered_is_refused(cast: Cast) -> None:
    answer = signed_in(cast.bob).post(url(cast, "device-license"), {"license": "ZZZ-ZZZ-ZZZ"})
    assert (answer.status_code, LicenseAssignment.objects.count()) == (422, 0)


def test_a_stop_in_licensing_is_said_on_the_computers_page(cast: Cast) -> None:
    signed_in(cast.bob).post(url(cast, "device-license"), {"license": cast.license.public_id})
    LicenseAssignment.objects.update(is_stopped=True)
    page = license_tab(cast)
    assert "Stopped in Licensing" in page
    assert "Protect again…" in page


def test_a_policy_is_put_on_this_computer_alone(cast: Cast) -> None:
    signed_in(cast.bob).post(url(cast, "device-policy"), {"policy": cast.policy.pk})
    assert [row.policy for row in cast.device.policy_assignments.all()] == [cast.policy]
    page = signed_in(cast.bob).get(url(cast, "device") + "?tab=policies").content.decode()
    assert "Take off…" in page


def test_a_computer_is_retired_and_managed_again(cast: Cast) -> None:
    client, states = signed_in(cast.bob), []
    for _ in range(2):
        client.post(url(cast, "device-stop"), {"confirmed": "1"})
        cast.device.refresh_from_db()
        states.append(cast.device.state)
    assert states == ["RETIRED", "ACTIVE"]


def test_a_token_shows_its_secret_once_and_ends_when_revoked(cast: Cast) -> None:
    client = signed_in(cast.alice)
    answer = client.post(reverse("console:api-client-new"), client_form(cast, "Backup job"))
    secrets = set(re.findall(r"skt_[A-Za-z0-9_-]{20,}", answer.content.decode()))
    assert (len(secrets), answer["Cache-Control"]) == (1, "no-store")
    listed = client.get(reverse("console:api-clients")).content.decode()
    assert ("Backup job" in listed, secrets.pop() in listed) == (True, False)
    token = ApiToken.objects.get(name="Backup job")
    client.post(reverse("console:api-client-revoke", args=[token.uid]), {"confirmed": "1"})
    assert "Backup job" not in client.get(reverse("console:api-clients")).content.decode()


def test_a_new_tokens_secret_stands_in_the_dialog_without_a_page_around_it(cast: Cast) -> None:
    headers = {"HX-Request": "true", "HX-Target": "dialog-body"}
    answer = signed_in(cast.alice).post(reverse("console:api-client-new"), client_form(cast, "x"), headers=headers)
    body = answer.content.decode()
    assert ("skt_" in body, "<html" in body, 'id="dialog-title"' in body) == (True, False, True)


@pytest.mark.parametrize("name", ["api-clients", "api-client-new"])
def test_api_clients_are_for_who_may_make_them(cast: Cast, name: str) -> None:
    assert signed_in(cast.rita).get(reverse(f"console:{name}")).status_code == 403


def test_attack_the_administrator_of_one_customer_stops_a_client_of_the_whole_console(cast: Cast) -> None:
    address = reverse("console:api-client-revoke", args=[cast.api_token.uid])
    assert signed_in(cast.bob).post(address, {"confirmed": "1"}).status_code == 404


def client_form(cast: Cast, name: str) -> dict[str, str]:
    return {"name": name, "what": "role:READ_ONLY", "group": str(cast.group.uid)}
