"""Writes of documents: a new version only when the content changed, signed, waiting for the publisher's put."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import msgspec
from django.db import transaction
from seatkeep_license.keys import SigningKey
from seatkeep_protocol.documents import KeysDocument, document_sign, next_version

from seatkeep_manager.directory.identity import InstanceKeys
from seatkeep_manager.statedocs import rules
from seatkeep_manager.statedocs.models import StateDocument


@transaction.atomic
def document_write(*, document: rules.Content, keys: InstanceKeys, now: datetime, floor: int = 0) -> bool:
    """Sign and store a document if its content is new; version = max(last + 1, unix µs, floor).

    Args:
        document: With any version and issue time; both are replaced.
        keys: The instance's keys: the root key signs the keys document, the state key all others.
        now: Current time, aware UTC.
        floor: The lowest version that its reader takes, whatever the clock says.

    Returns:
        Whether there is a new version to publish.

    Raises:
        DocumentTooLargeError: (seatkeep_protocol) more than 256 kB; the row stays as it was.
    """
    digest = rules.content_digest(document)
    row = StateDocument.objects.select_for_update().filter(key=document.key).first()
    if row is not None and bytes(row.content_digest) == digest:
        return False
    version = max(floor, next_version(row.version if row else 0, rules.micros(now)))
    row = row or StateDocument(key=document.key)
    row.version, row.content_digest = version, digest
    row.stored = _signed(document, version, keys, now)
    row.save()
    return True


@transaction.atomic
def documents_withdraw(*, keys: Collection[str]) -> int:
    """Ask the publisher to take documents out of the bucket; returns how many. Idempotent.

    Their rows stay and keep the version, so that a key which comes back goes on rising.
    """
    rows = list(StateDocument.objects.select_for_update().filter(key__in=keys).exclude(stored=b"").order_by("pk"))
    for row in rows:
        row.version, row.content_digest, row.stored = row.version + 1, b"", b""
    StateDocument.objects.bulk_update(rows, ["version", "content_digest", "stored"])
    return len(rows)


@transaction.atomic
def documents_mark_published(*, published: dict[int, tuple[int, int]], now: datetime) -> None:
    """Note what the bucket holds now.

    Args:
        published: Row id → (version that was put, revision that the bucket gave it).
        now: Current time, aware UTC.
    """
    rows = list(StateDocument.objects.select_for_update().filter(pk__in=published).order_by("pk"))
    for row in rows:
        row.published_version, row.revision = published[row.pk]
        row.published_at = now
    StateDocument.objects.bulk_update(rows, ["published_version", "revision", "published_at"])


@transaction.atomic
def documents_mark_lost(*, revisions: dict[int, int]) -> None:
    """Ask for a new put of documents that the bucket does not hold as we stored them.

    Args:
        revisions: Row id → the bucket's revision of that key; 0 when it is not there.
    """
    rows = list(StateDocument.objects.select_for_update().filter(pk__in=revisions).order_by("pk"))
    for row in rows:
        row.published_version, row.revision = 0, revisions[row.pk]
    StateDocument.objects.bulk_update(rows, ["published_version", "revision"])


@transaction.atomic
def documents_forget_content() -> int:
    """Make every document count as changed: the next rendering gives it a new version. Returns how many.

    After a restore from a backup agents hold newer versions than the tables, and would refuse what these say.
    """
    return StateDocument.objects.exclude(stored=b"").update(content_digest=b"")


def _signed(document: rules.Content, version: int, keys: InstanceKeys, now: datetime) -> bytes:
    final = msgspec.structs.replace(document, version=version, issued_at_us=rules.micros(now))
    return document_sign(final, _signer(document, keys))


def _signer(document: rules.Content, keys: InstanceKeys) -> SigningKey:
    return keys.root if isinstance(document, KeysDocument) else keys.state
