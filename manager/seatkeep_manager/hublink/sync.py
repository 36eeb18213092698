"""One synchronization: read pages from the hub, take items over, sweep, and say how far it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar
from uuid import UUID

import msgspec
from django.db import DatabaseError, connection, models, transaction
from seatkeep_webkit.errors import AppError

from seatkeep_manager.hublink.adapters.hub import HubClient
from seatkeep_manager.hublink.adapters.messages import Item, SyncPage, item_decode
from seatkeep_manager.hublink.enums import HubCompanyState, LinkState, SyncKind, SyncState, SyncTrigger
from seatkeep_manager.hublink.errors import CursorGoneError, HubNonsenseError, HubNotLinkedError, SyncBusyError
from seatkeep_manager.hublink.mirror import company_remove, item_apply, item_preview, share_remove
from seatkeep_manager.hublink.models import (
    HubLink,
    MirroredCompany,
    MirroredLicense,
    MirroredNode,
    MirroredSeat,
    SyncRun,
)
from seatkeep_manager.hublink.placement import companies_place_waiting
from seatkeep_manager.hublink.rules import ItemInvalidError, Outcome

LOCK_KEY = 0x5EA7_0001
"""Advisory lock of PostgreSQL: one synchronization at a time, freed by the server when a process dies."""
PAGE_SIZE = 500
ERRORS_KEPT = 200
DIFF_KEPT = 500

Clock = Callable[[], datetime]
M = TypeVar("M", MirroredCompany, MirroredLicense, MirroredNode, MirroredSeat)


@dataclass
class _Progress:
    """What one run has done so far; written to its row after each page."""

    run: SyncRun
    counts: dict[Outcome, int] = field(default_factory=lambda: dict.fromkeys(Outcome, 0))
    done: int = 0
    failed_ids: set[str] = field(default_factory=set)

    def save(self) -> None:
        self.run.done = self.done
        self.run.expected = max(self.run.expected, self.done)
        self.run.added = self.counts[Outcome.ADDED]
        self.run.changed = self.counts[Outcome.CHANGED]
        self.run.removed = self.counts[Outcome.REMOVED]
        self.run.save()


def sync_run(client: HubClient, *, kind: SyncKind, trigger: SyncTrigger, clock: Clock) -> SyncRun:
    """Synchronize the mirror with the hub once.

    A delta that the hub can no longer serve (410) becomes a full read with a sweep. A bad item is written down and
    does not stop the others. What was read stays when the hub goes away half-way; the next run goes on from there.

    Args:
        client: Speaks as this instance.
        kind: DELTA, FULL, or DRY_RUN (reads everything, writes only the differences found).
        trigger: What started it.
        clock: Tells the current time; a run may last hours.

    Raises:
        SyncBusyError: Another one is running.
        HubNotLinkedError: There is no link.
        HubUnreachableError, HubNonsenseError, HubRefusedError: The run is stored as failed with this reason.
    """
    with _alone():
        link = HubLink.objects.filter(id=1, state=LinkState.LINKED).first()
        if link is None:
            raise HubNotLinkedError
        now = clock()
        SyncRun.objects.filter(state=SyncState.RUNNING).update(
            state=SyncState.FAILED, finished_at=now, error="The server stopped while it was running."
        )
        kind = SyncKind.FULL if kind == SyncKind.DELTA and not link.cursor else kind
        run = SyncRun.objects.create(kind=kind, trigger=trigger, started_at=now, expected=_expected(kind))
        return _guarded(client, link, run, clock)


def _guarded(client: HubClient, link: HubLink, run: SyncRun, clock: Clock) -> SyncRun:
    """Run it; whatever goes wrong is stored with the run and the link before it is raised on."""
    try:
        _run(client, link, run, clock)
    except AppError as error:
        _finish(run, SyncState.FAILED, clock(), error=error.detail)
        link_disconnected(reason=error.detail, now=clock())
        raise
    except Exception:
        _finish(run, SyncState.FAILED, clock(), error="Unexpected failure; the server's log tells more.")
        raise
    _finish(run, SyncState.DONE, clock())
    if run.kind != SyncKind.DRY_RUN:
        link_synced(is_full=run.kind == SyncKind.FULL, now=clock())
    return run


def _run(client: HubClient, link: HubLink, run: SyncRun, clock: Clock) -> None:
    try:
        _read(client, link, run, clock)
    except CursorGoneError:
        if run.kind != SyncKind.DELTA:
            raise HubNonsenseError("Licensing refuses a full read.") from None
        run.kind = SyncKind.FULL
        run.expected = _expected(SyncKind.FULL)
        _read(client, link, run, clock)


def _read(client: HubClient, link: HubLink, run: SyncRun, clock: Clock) -> None:
    """Read page after page until the hub says that there are no more."""
    progress = _Progress(run)
    is_delta = run.kind == SyncKind.DELTA
    cursor = link.cursor if is_delta else ""
    while True:
        page = client.sync_page(cursor=cursor, limit=PAGE_SIZE)
        if is_delta and link.feed and page.feed != link.feed:
            raise CursorGoneError
        if page.more and page.cursor == cursor:
            raise HubNonsenseError("Licensing sends the same page for ever.")
        cursor = page.cursor
        _take_page(page, progress, now=clock())
        if is_delta:
            HubLink.objects.filter(id=1).update(cursor=cursor, feed=page.feed)
        if not page.more:
            break
    if run.kind == SyncKind.DRY_RUN:
        return
    companies_place_waiting(now=clock())
    if run.kind == SyncKind.FULL:
        _sweep(progress, now=clock())
        HubLink.objects.filter(id=1).update(cursor=cursor, feed=page.feed)


def _take_page(page: SyncPage, progress: _Progress, *, now: datetime) -> None:
    take = _preview if progress.run.kind == SyncKind.DRY_RUN else _apply
    for raw in page.items:
        progress.done += 1
        try:
            item = item_decode(raw)
            progress.counts[take(item, progress.run, now)] += 1
        except (ItemInvalidError, msgspec.DecodeError, AppError, DatabaseError) as error:
            _note_error(progress, bytes(raw), error)
    progress.save()


def _apply(item: Item, run: SyncRun, now: datetime) -> Outcome:
    return item_apply(item, run_id=run.id, now=now)


def _preview(item: Item, run: SyncRun, now: datetime) -> Outcome:
    outcome, name = item_preview(item)
    if outcome is not Outcome.SAME and len(run.diff) < DIFF_KEPT:
        kind = type(item).__name__.removesuffix("Item").lower()
        run.diff = [*run.diff, {"change": outcome.value, "kind": kind, "id": str(item.id), "name": name}]
    return outcome


def _note_error(progress: _Progress, raw: bytes, error: Exception) -> None:
    """Keep which item it was and why, up to a bound; a person reads this under Licensing link."""
    run = progress.run
    try:
        head = msgspec.json.decode(raw, type=dict[str, object])
    except msgspec.DecodeError:
        head = {}
    progress.failed_ids.add(str(head.get("id", "")))
    if len(run.item_errors) < ERRORS_KEPT:
        detail = error.detail if isinstance(error, AppError) else str(error)
        entry = {key: str(head.get(key, ""))[:100] for key in ("kind", "id", "name")}
        run.item_errors = [*run.item_errors, entry | {"reason": detail[:300]}]


def _sweep(progress: _Progress, *, now: datetime) -> None:
    """Mark as gone what a full read did not show; an item that failed was shown, and one without an id may be any."""
    if "" in progress.failed_ids:
        return
    with transaction.atomic():
        for company in _unseen(MirroredCompany, progress).exclude(hub_state=HubCompanyState.REMOVED):
            progress.counts[company_remove(company, now=now)] += 1
        shares: list[MirroredLicense | MirroredNode | MirroredSeat] = [
            *_unseen(MirroredLicense, progress),
            *_unseen(MirroredNode, progress),
            *_unseen(MirroredSeat, progress),
        ]
        for share in shares:
            progress.counts[share_remove(share, now=now)] += 1
    progress.save()


def _unseen(model: type[M], progress: _Progress) -> models.QuerySet[M]:
    rows = model.objects.select_for_update(of=("self",)).filter(seen_run__lt=progress.run.id)
    return rows.exclude(hub_id__in=_uuids(progress.failed_ids))


def _uuids(texts: set[str]) -> list[UUID]:
    """Those of the texts that are UUIDs."""
    found = []
    for text in texts:
        with suppress(ValueError):
            found.append(UUID(text))
    return found


def _expected(kind: SyncKind) -> int:
    """How many items a full read showed last time; for a delta nobody knows before."""
    if kind == SyncKind.DELTA:
        return 0
    return sum(
        (
            MirroredCompany.objects.exclude(hub_state=HubCompanyState.REMOVED).count(),
            MirroredLicense.objects.filter(is_deleted=False).count(),
            MirroredNode.objects.filter(is_deleted=False).count(),
            MirroredSeat.objects.filter(is_deleted=False).count(),
        )
    )


def _finish(run: SyncRun, state: SyncState, now: datetime, *, error: str = "") -> None:
    run.state = state
    run.finished_at = now
    run.error = error
    run.save()


def link_synced(*, is_full: bool, now: datetime) -> None:
    """Note a success: the link is up and the mirror as fresh as `now`."""
    values: dict[str, object] = {"last_synced_at": now, "disconnected_since": None, "disconnected_reason": ""}
    HubLink.objects.filter(id=1).update(**values, **({"last_full_at": now} if is_full else {}))


def link_connected() -> None:
    """Note that the hub answers again."""
    HubLink.objects.filter(id=1, disconnected_since__isnull=False).update(
        disconnected_since=None, disconnected_reason=""
    )


def link_disconnected(*, reason: str, now: datetime) -> None:
    """Note that the hub does not answer; `since` keeps the first failure's time."""
    HubLink.objects.filter(id=1).update(
        disconnected_since=models.functions.Coalesce("disconnected_since", models.Value(now)),
        disconnected_reason=reason[:300],
    )


@contextmanager
def _alone() -> Iterator[None]:
    """Hold the advisory lock for the length of a run.

    Raises:
        SyncBusyError: Another process holds it.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK_KEY])
        if not cursor.fetchone()[0]:
            raise SyncBusyError
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK_KEY])
