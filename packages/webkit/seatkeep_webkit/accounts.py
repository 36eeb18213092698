"""Sign-in by django-allauth: no open sign-up, tries limited over all processes, second factors sealed at rest."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.contrib.auth import get_user_model
from django.http import HttpRequest

from seatkeep_webkit.actors import client_ip
from seatkeep_webkit.clock import now
from seatkeep_webkit.keyring import decrypt, encrypt, lookup_hmac
from seatkeep_webkit.ratelimit.services import rate_limit

_AAD = b"mfa_authenticator.data"
TRIES_PER_ADDRESS = 60
TRIES_PER_LOGIN = 10
WINDOW = timedelta(minutes=15)


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no type information
    """People are invited, never self-registered; guessing is slowed down."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody registers by themselves."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """The address as everywhere else; all zeros where there is none, as behind a socket."""
        return client_ip(request) or "0.0.0.0"  # noqa: S104  # says "not known", nothing listens on it

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count the try, per address and per login, before the password is looked at."""
        moment = now()
        login = lookup_hmac(str(credentials.get("email", "")).lower(), "login").hex()
        rate_limit(key=f"login-ip:{client_ip(request)}", limit=TRIES_PER_ADDRESS, window=WINDOW, now=moment)
        rate_limit(key=f"login:{login}", limit=TRIES_PER_LOGIN, window=WINDOW, now=moment)
        super().pre_authenticate(request, **credentials)

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Note who was tried; an address that nobody has is noted without it."""
        from seatkeep_webkit.sign_in_journal import wrong_password_record  # The journal's models need the apps.

        email = str(credentials.get("email", "")).lower()
        person = get_user_model()._default_manager.filter(email=email).first() if email else None
        wrong_password_record(request, person)
        super().authentication_failed(request, **credentials)


class MfaAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth has no type information
    """TOTP secrets and recovery codes are encrypted at rest."""

    def encrypt(self, text: str) -> str:
        """Seal with the key ring."""
        return base64.b64encode(encrypt(text.encode(), aad=_AAD)).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Open what `encrypt` sealed."""
        return decrypt(base64.b64decode(encrypted_text), aad=_AAD).decode()
