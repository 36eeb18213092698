"""Claim a key, keep the answer, forget old ones."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime, timedelta

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.idempotency.errors import KeyInvalidError, KeyReusedError
from seatkeep_webkit.idempotency.models import IdempotencyRecord

HEADER = "Idempotency-Key"
KEEP = timedelta(days=2)
_FORM = re.compile(r"[\x21-\x7e]{1,200}")


def key_claim(request: HttpRequest, *, now: datetime) -> IdempotencyRecord | None:
    """Claim the request's key within the caller's transaction.

    A second request with the same key waits until the first has ended, because the scope is unique.

    Returns:
        None when the request has no key; otherwise the record: answered (`status` set) or claimed now.

    Raises:
        KeyInvalidError: The header is not a usable key.
        KeyReusedError: The key belongs to a request with another body.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return None
    if not _FORM.fullmatch(key):
        raise KeyInvalidError
    scope, digest = _scope(request, key), hashlib.sha256(request.body).hexdigest()
    record = IdempotencyRecord(scope=scope, request_digest=digest, created_at=now)
    IdempotencyRecord.objects.bulk_create([record], ignore_conflicts=True)
    found = IdempotencyRecord.objects.select_for_update().get(scope=scope)
    if found.request_digest != digest:
        raise KeyReusedError
    return found


def answer_keep(record: IdempotencyRecord, response: HttpResponse) -> None:
    """Store a success; forget the claim after a refusal, which wrote nothing and may be tried again."""
    if not 200 <= response.status_code < 300:
        record.delete()
        return
    record.status = response.status_code
    record.content_type = response.headers.get("Content-Type", "")
    record.body = response.content
    record.save(update_fields=["status", "content_type", "body"])


def stored_answer(record: IdempotencyRecord) -> HttpResponseBase:
    """Return the answer of the first request, marked as replayed."""
    response = HttpResponse(bytes(record.body), status=record.status, content_type=record.content_type)
    response["Idempotency-Replayed"] = "true"
    return response


def keys_forget(*, now: datetime) -> int:
    """Delete keys older than two days; return how many."""
    return IdempotencyRecord.objects.filter(created_at__lt=now - KEEP).delete()[0]


def _scope(request: HttpRequest, key: str) -> str:
    actor = actor_from_request(request)
    parts = [actor.kind.value, actor.id, str(actor.company_uid), request.method or "", request.get_full_path(), key]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
