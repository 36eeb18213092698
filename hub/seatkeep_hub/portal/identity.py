"""Licensing as identity provider: the console signs its people in here (OpenID Connect)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal
from uuid import UUID

from allauth.idp.oidc.adapter import DefaultOIDCAdapter
from allauth.idp.oidc.internal.private_keys import filter_keys
from allauth.idp.oidc.models import Client, PrivateKey
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.conf import settings
from django.db import connection, transaction
from seatkeep_webkit.clock import now as read_clock

from seatkeep_hub.companies.models import User
from seatkeep_hub.people.claims import access_claim
from seatkeep_hub.portal.models import OidcKey

RSA_BITS = 2048
CALLBACK_PATH = "/accounts/oidc/licensing/login/callback/"
_KEY_LOCK = 7_401


class IdentityProvider(DefaultOIDCAdapter):  # type: ignore[misc]  # allauth has no type information
    """allauth's provider with our ids, our claim `seatkeep_access` and keys out of the database."""

    def get_issuer(self) -> str:
        """The address for people, whatever host the request came by (docs/reference/wire.md, section 5)."""
        return str(settings.LICENSING_URL)

    def get_user_sub(self, client: Client, user: Any) -> str:
        """The user's uid: it never changes and says nothing."""
        return str(user.uid)

    def get_user_by_sub(self, client: Client, sub: str) -> User | None:
        """The active user with this uid."""
        try:
            uid = UUID(sub)
        except ValueError:
            return None
        return User.objects.filter(uid=uid, is_active=True).first()

    def get_claims(
        self,
        purpose: Literal["id_token", "userinfo"],
        user: Any,
        client: Client,
        scopes: Iterable[str],
        email: str | None = None,
        **kwargs: Any,
    ) -> dict[str, Any]:
        """The standard claims and, for our own console only, what the person may do where."""
        scopes = list(scopes)
        claims: dict[str, Any] = super().get_claims(purpose, user, client, scopes, email=email, **kwargs)
        if "email" in scopes:
            claims.setdefault("email", user.email)
            claims.setdefault("email_verified", True)
        if "profile" in scopes:
            claims["name"] = user.name
        if client.pk == settings.OIDC_CLIENT_ID:
            claims["seatkeep_access"] = access_claim(user)
        return claims

    def list_private_keys(
        self, *, did_activate: Literal[True] | None = None, is_active: Literal[True] | None = None
    ) -> list[PrivateKey]:
        """Our RSA keys; the newest signs."""
        keys = [PrivateKey(pem=key.pem, issued_at=key.created_at) for key in OidcKey.objects.order_by("id")]
        found: list[PrivateKey] = filter_keys(keys, did_activate=did_activate, is_active=is_active)
        return found


@transaction.atomic
def oidc_key_ensure() -> None:
    """Make the signing key of id tokens unless there is one. Idempotent, also when two processes start at once."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_KEY_LOCK])
    if OidcKey.objects.exists():
        return
    key = rsa.generate_private_key(public_exponent=65_537, key_size=RSA_BITS)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    OidcKey.objects.create(pem=pem, created_at=read_clock())


@transaction.atomic
def console_client_ensure(*, client_id: str, client_secret: str, console_url: str) -> bool:
    """Make or mend the console's registration as our client. Idempotent.

    Args:
        client_id: Id that the console sends.
        client_secret: Its secret; stored hashed.
        console_url: The console's address for people, without a slash at the end.

    Returns:
        Whether it is new.
    """
    client, is_new = Client.objects.get_or_create(pk=client_id, defaults={"name": "Console"})
    client.name = "Console"
    client.type = Client.Type.CONFIDENTIAL
    client.skip_consent = True
    client.set_scopes(["openid", "profile", "email"])
    client.set_grant_types([Client.GrantType.AUTHORIZATION_CODE])
    client.set_response_types([Client.ResponseType.CODE])
    client.set_redirect_uris([f"{console_url}{CALLBACK_PATH}"])
    client.set_post_logout_redirect_uris([f"{console_url}/"])
    if is_new or not client.check_secret(client_secret):
        client.set_secret(client_secret)
    client.save()
    return bool(is_new)
