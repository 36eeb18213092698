"""Writes of documents: a new version only when the content changed, signed, waiting for the publisher's put."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files

import msgspec
from django.db import connection, transaction
from seatkeep_license.keys import SigningKey
from seatkeep_protocol.documents import KeysDocument, document_sign, next_version
from seatkeep_protocol.errors import DocumentTooLargeError

from seatkeep_manager.directory.identity import InstanceKeys
from seatkeep_manager.statedocs import rules
from seatkeep_manager.statedocs.models import StateDocument

_MARK_PUBLISHED = files(__package__).joinpath("sql/mark_published.sql").read_text()
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Draft:
    """A document to be.

    Attributes:
        document: With any version and issue time; both are replaced.
        floor: The lowest version that its reader takes, whatever the clock says.
    """

    document: rules.Content
    floor: int = 0


@transaction.atomic
def documents_write(*, drafts: Sequence[Draft], keys: InstanceKeys, now: datetime) -> int:
    """Sign and store the documents whose content is new; version = max(last + 1, unix µs, floor). Two statements.

    One that is too large keeps its last version and does not hold up the others.

    Args:
        drafts: At most one of each key.
        keys: The instance's keys: the root key signs the keys document, the state key all others.
        now: Current time, aware UTC.

    Returns:
        How many have a new version to publish.
    """
    locked = StateDocument.objects.select_for_update().defer("stored").order_by("pk")
    known = {row.key: row for row in locked.filter(key__in=[draft.document.key for draft in drafts])}
    rows = [_row(draft, known.get(draft.document.key), keys, now) for draft in drafts]
    changed = [row for row in rows if row is not None]
    StateDocument.objects.bulk_create(
        changed, update_conflicts=True, unique_fields=["key"], update_fields=["version", "content_digest", "stored"]
    )
    return len(changed)


def _row(draft: Draft, known: StateDocument | None, keys: InstanceKeys, now: datetime) -> StateDocument | None:
    """The new version of a document; None when nothing of it is new, or it is too large."""
    digest = rules.content_digest(draft.document)
    if known is not None and bytes(known.content_digest) == digest:
        return None
    version = max(draft.floor, next_version(known.version if known else 0, rules.micros(now)))
    try:
        stored = _signed(draft.document, version, keys, now)
    except DocumentTooLargeError:
        _log.error("document %s is too large and was not renewed", draft.document.key)
        return None
    return StateDocument(key=draft.document.key, version=version, content_digest=digest, stored=stored)


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
    versions, revisions = zip(*published.values(), strict=True) if published else ((), ())
    with connection.cursor() as cursor:
        cursor.execute(_MARK_PUBLISHED, [list(published), list(versions), list(revisions), now])


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
