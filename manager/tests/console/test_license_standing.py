"""A license of which more is in use than was ordered says so in the console."""

from __future__ import annotations

from django.test import Client
from django.urls import reverse
from seatkeep_manager.hublink.models import MirroredLicense
from standing_cast import Cast

WORDS = "More in use than ordered"


def said(cast: Cast) -> list[str]:
    client = Client()
    client.force_login(cast.alice)
    addresses = [reverse("console:licenses"), reverse("console:license", args=[cast.license.uid])]
    return [client.get(address).content.decode() for address in addresses]


def test_overuse_is_shown_in_the_list_and_on_the_license(cast: Cast) -> None:
    MirroredLicense.objects.update(quantity=18)

    assert all(WORDS in page for page in said(cast))


def test_a_license_in_order_says_so(cast: Cast) -> None:
    assert all(WORDS not in page and "In order" in page for page in said(cast))
