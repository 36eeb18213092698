"""Sign-in by Licensing: who has access to the linked company gets in, nobody else."""

from __future__ import annotations

from typing import Any

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount
from django.http import HttpRequest
from django.shortcuts import redirect
from seatkeep_webkit.clock import now
from seatkeep_webkit.middleware import error_page

from seatkeep_manager.directory.errors import PersonWithoutAccessError
from seatkeep_manager.directory.people import person_from_claims
from seatkeep_manager.hublink.enums import LinkState
from seatkeep_manager.hublink.selectors import link_get


class LicensingAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]  # allauth has no type information
    """Makes and updates the console's user from what Licensing says at every sign-in."""

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Let the person in, with the access that Licensing just told, or show why not.

        Nobody has access before the link stands; who comes early gets the page that waits for it.
        """
        link = link_get()
        if link.state != LinkState.LINKED:
            raise ImmediateHttpResponse(redirect("console:connect"))
        claims = _claims(sociallogin.account.extra_data)
        try:
            person = person_from_claims(claims=claims, linked_company=link.company_id, now=now())
        except PersonWithoutAccessError as error:
            raise ImmediateHttpResponse(error_page(request, error)) from error
        if not sociallogin.is_existing:
            account = sociallogin.account
            SocialAccount.objects.get_or_create(
                provider=account.provider, uid=account.uid, defaults={"user": person, "extra_data": {}}
            )
            sociallogin.lookup()

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        """Nobody registers by themselves."""
        return False


def _claims(data: dict[str, Any]) -> dict[str, Any]:
    """The claims of the ID token and of the userinfo answer, the latter on top."""
    if "userinfo" not in data and "id_token" not in data:
        return data
    return {**(data.get("id_token") or {}), **(data.get("userinfo") or {})}
