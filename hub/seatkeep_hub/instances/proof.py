"""Judge a signed call of an instance: signature, claims, replay, revocation."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from seatkeep_license import jose
from seatkeep_license.errors import ClockSkewError, LicenseError, TokenExpiredError
from seatkeep_license.keys import VerifyKey

from seatkeep_hub.instances import rules
from seatkeep_hub.instances.errors import CallRefusedError
from seatkeep_hub.instances.models import Instance
from seatkeep_hub.instances.services import instance_call_note

TYP = "seatkeep-instance+jwt"


def call_verify(token: str, *, method: str, path: str, body: bytes, now: datetime) -> Instance:
    """Find out which instance sends a call, and refuse it unless everything is in order.

    Args:
        token: The compact JWS out of the header `Authorization`.
        method: HTTP method, upper case.
        path: Path with query, as requested.
        body: Exact bytes of the body.
        now: Current time, aware UTC.

    Raises:
        CallRefusedError: With `reason`: `signature`, a claim's name, `revoked` or `replayed`.

    Source:
        docs/reference/wire.md, sections 3 and 5.
    """
    instance, claims = _open(token, now)
    audience = str(settings.LICENSING_URL)
    fault = rules.call_fault(claims, method=method, path=path, body=body, audience=audience, now=now)
    if claims.get("iss") != str(instance.uid):
        fault = "iss"
    if fault is None and instance.is_revoked:
        fault = "revoked"
    if fault:
        raise CallRefusedError(reason=fault)
    if not instance_call_note(instance=instance, jti=str(claims["jti"]), expires=int(claims["exp"]), now=now):
        raise CallRefusedError(reason="replayed")
    return instance


def _open(token: str, now: datetime) -> tuple[Instance, dict[str, Any]]:
    try:
        kid = jose.unverified_header(token).kid
        instance = Instance.objects.select_related("company").get(key_thumbprint=kid)
        claims = jose.verify(token, typ=TYP, key=VerifyKey(bytes(instance.public_key)), now=now)
    except TokenExpiredError as error:
        raise CallRefusedError(reason="exp") from error
    except ClockSkewError as error:
        raise CallRefusedError(reason="iat") from error
    except (LicenseError, Instance.DoesNotExist) as error:
        raise CallRefusedError(reason="signature") from error
    return instance, claims
