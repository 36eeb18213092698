"""Reads of API tokens."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from seatkeep_webkit.errors import NotFoundError

from seatkeep_manager.api.models import ApiToken


def token_list() -> QuerySet[ApiToken]:
    """Tokens that work, newest first; for who may change the whole console."""
    return ApiToken.objects.filter(revoked_at__isnull=True).select_related("account").order_by("-id")


def token_get(uid: UUID) -> ApiToken:
    """One token, revoked or not.

    Raises:
        NotFoundError: There is none.
    """
    found = ApiToken.objects.filter(uid=uid).first()
    if found is None:
        raise NotFoundError
    return found
