"""One synchronization: read pages from the hub, take items over, sweep, and say how far it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar
from uuid import UUID

from django.db import DatabaseError, connection, models, transaction
from seatkeep_webkit.errors import AppError

from seatkeep_manager.hublink.adapters.messages import CompanyItem, SyncPage, item_decode
from seatkeep_manager.hublink.bulk import Prepared, companies_gone, item_prepare, page_apply, shares_gone
from seatkeep_manager.hublink.enums import HubCompanyState, LinkState, SyncKind, SyncState, SyncTrigger
from seatkeep_manager.hublink.errors import CursorGoneError, HubNonsenseError, HubNotLinkedError, SyncBusyError
from seatkeep_manager.hublink.mirror import LICENSE_TOPIC, SEAT_TOPIC, item_apply
from seatkeep_manager.hublink.models import (
    HubLink,
    MirroredCompany,
    MirroredLicense,
    MirroredNode,
    MirroredSeat,
    SyncChange,
    SyncRun,
)
from seatkeep_manager.hublink.placement import companies_place_waiting
from seatkeep_manager.hublink.preview import page_changes, removals
from seatkeep_manager.hublink.rules import Outcome, asks_before_removing
from seatkeep_manager.hublink.troubles import REFUSALS, head_of, reason_of, trouble_note, troubles_forget

LOCK_KEY = 0x5EA7_0001
"""Advisory lock of PostgreSQL: one synchronization at a time, freed by the server when a process dies."""
PAGE_SIZE = 1000
ERRORS_KEPT = 200
RESUME_WITHIN = timedelta(days=1)
_RESUMED = ("cursor", "feed", "marker", "done", "expected", "added", "changed", "removed", "failed_ids", "item_errors")
_SHARES: tuple[tuple[type[Any], str], ...] = (
    (MirroredLicense, LICENSE_TOPIC), (MirroredNode, LICENSE_TOPIC), (MirroredSeat, SEAT_TOPIC),
)  # fmt: skip

Clock = Callable[[], datetime]
M = TypeVar("M", MirroredCompany, MirroredLicense, MirroredNode, MirroredSeat)


class FeedReader(Protocol):
    """Who is asked for pages: `HubClient`, or a feed that was made up to measure."""

    def sync_page(self, *, cursor: str, limit: int = 500) -> SyncPage:
        """One page; as `HubClient.sync_page`."""


@dataclass
class _Progress:
    """What one run has done so far; written to its row after each page."""

    run: SyncRun
    counts: Counter[Outcome] = field(default_factory=Counter)
    done: int = 0
    failed_ids: set[str] = field(default_factory=set)
    seen: set[UUID] = field(default_factory=set)
    """Companies that a preview was shown."""

    @classmethod
    def of(cls, run: SyncRun) -> _Progress:
        """Where a run stands: at its beginning, or where the one before it stopped."""
        counts = Counter({Outcome.ADDED: run.added, Outcome.CHANGED: run.changed, Outcome.REMOVED: run.removed})
        return cls(run, counts, run.done, set(run.failed_ids))

    def save(self) -> None:
        self.run.done = self.done
        self.run.expected = max(self.run.expected, self.done)
        self.run.added = self.counts[Outcome.ADDED]
        self.run.changed = self.counts[Outcome.CHANGED]
        self.run.removed = self.counts[Outcome.REMOVED]
        self.run.failed_ids = sorted(self.failed_ids)
        self.run.save()


def sync_run(client: FeedReader, *, kind: SyncKind, trigger: SyncTrigger, clock: Clock) -> SyncRun:
    """Synchronize the mirror with the hub once.

    A delta that the hub can no longer serve (410) becomes a full read with a sweep. A bad item is written down and
    does not stop the others. What was read stays when the hub goes away half-way; the next run goes on from there.

    Args:
        client: Speaks as this instance.
        kind: DELTA, FULL (goes on where a stopped one was), or DRY_RUN (writes only the differences found).
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
        return _guarded(client, link, _run_begin(kind, trigger, now), clock)


def _run_begin(kind: SyncKind, trigger: SyncTrigger, now: datetime) -> SyncRun:
    """The row of a run; a full read goes on where the one before it stopped, if that was within a day."""
    stopped = SyncRun.objects.filter(kind=SyncKind.FULL).order_by("-id").first() if kind == SyncKind.FULL else None
    run = SyncRun(kind=kind, trigger=trigger, started_at=now, expected=_expected(kind))
    if stopped and stopped.state == SyncState.FAILED and stopped.cursor and now - stopped.started_at < RESUME_WITHIN:
        for name in _RESUMED:
            setattr(run, name, getattr(stopped, name))
    run.save()
    if not run.marker:
        run.marker = run.pk
        run.save(update_fields=["marker"])
    return run


def _guarded(client: FeedReader, link: HubLink, run: SyncRun, clock: Clock) -> SyncRun:
    """Run it; whatever goes wrong is stored with the run and the link before it is raised on."""
    try:
        _run(client, link, run, clock)
    except AppError as error:
        _finish(run, SyncState.FAILED, clock(), error=str(error.detail))
        link_disconnected(reason=str(error.detail), now=clock())
        raise
    except Exception:
        _finish(run, SyncState.FAILED, clock(), error="Unexpected failure; the server's log tells more.")
        raise
    _finish(run, SyncState.HELD if run.to_remove else SyncState.DONE, clock())
    if run.kind != SyncKind.DRY_RUN:
        link_synced(is_full=run.kind == SyncKind.FULL, now=clock())
    return run


def _run(client: FeedReader, link: HubLink, run: SyncRun, clock: Clock) -> None:
    try:
        _read(client, link, run, clock)
    except CursorGoneError:
        if run.kind != SyncKind.DELTA and not run.cursor:
            raise HubNonsenseError("Licensing refuses a full read.") from None
        run.kind = SyncKind.FULL if run.kind == SyncKind.DELTA else run.kind
        run.expected, run.cursor, run.feed = _expected(SyncKind.FULL), "", ""
        _read(client, link, run, clock)


def _read(client: FeedReader, link: HubLink, run: SyncRun, clock: Clock) -> None:
    """Read page after page until the hub says that there are no more."""
    progress = _Progress.of(run)
    is_delta = run.kind == SyncKind.DELTA
    cursor, feed = (link.cursor, link.feed) if is_delta else (run.cursor, run.feed)
    while True:
        page = client.sync_page(cursor=cursor, limit=PAGE_SIZE)
        if feed and page.feed != feed:
            raise CursorGoneError
        if page.more and page.cursor == cursor:
            raise HubNonsenseError("Licensing sends the same page for ever.")
        if page.total:
            run.expected = page.total
        cursor, feed = page.cursor, page.feed
        _take_page(page, progress, now=clock())
        _keep_place(run, cursor, feed)
        if not page.more:
            break
    if run.kind == SyncKind.DRY_RUN:
        _preview_end(progress)
        return
    companies_place_waiting(now=clock())
    if run.kind == SyncKind.FULL:
        _sweep(progress, now=clock())
        HubLink.objects.filter(id=1).update(cursor=cursor, feed=feed)


def _keep_place(run: SyncRun, cursor: str, feed: str) -> None:
    """Remember how far was read: the link for changes, the run itself for a full read."""
    if run.kind == SyncKind.DELTA:
        HubLink.objects.filter(id=1).update(cursor=cursor, feed=feed)
    elif run.kind == SyncKind.FULL:
        SyncRun.objects.filter(pk=run.pk).update(cursor=cursor, feed=feed)
        run.cursor, run.feed = cursor, feed


def _take_page(page: SyncPage, progress: _Progress, *, now: datetime) -> None:
    """Take a page over at once; when an item spoils that, one by one."""
    progress.done += len(page.items)
    prepared: list[tuple[Prepared, bytes]] = []
    for raw in page.items:
        try:
            prepared.append((item_prepare(item_decode(raw)), bytes(raw)))
        except REFUSALS as error:
            _note_error(progress, bytes(raw), error, now)
    items = [one for one, _raw in prepared]
    if progress.run.kind == SyncKind.DRY_RUN:
        progress.seen |= {item.id for item, _values in items if isinstance(item, CompanyItem)}
        SyncChange.objects.bulk_create(page_changes(progress.run, items), batch_size=1000)
    else:
        _apply(prepared, items, progress, now)
    progress.save()


def _apply(prepared: list[tuple[Prepared, bytes]], items: list[Prepared], progress: _Progress, now: datetime) -> None:
    try:
        progress.counts += page_apply(items, marker=progress.run.marker, now=now)
    except (AppError, DatabaseError):
        for (item, _values), raw in prepared:
            try:
                progress.counts[item_apply(item, run_id=progress.run.marker, now=now)] += 1
            except REFUSALS as error:
                _note_error(progress, raw, error, now)
    troubles_forget([item.id for item, _values in items if str(item.id) not in progress.failed_ids])


def _note_error(progress: _Progress, raw: bytes, error: Exception, now: datetime) -> None:
    """Keep which item it was and why; a person reads this under Licensing link and can have it tried again."""
    run = progress.run
    head = head_of(raw) | {"reason": reason_of(error)}
    if run.kind != SyncKind.DRY_RUN:
        head = trouble_note(raw, error, now=now)
    progress.failed_ids.add(head["id"])
    if len(run.item_errors) < ERRORS_KEPT:
        run.item_errors = [*run.item_errors, head]


def _preview_end(progress: _Progress) -> None:
    """Add what a full read would no longer show, and let go of former previews."""
    run = progress.run
    gone = MirroredCompany.objects.exclude(hub_state=HubCompanyState.REMOVED).order_by("name", "id")
    missing = [row for row in gone.iterator() if row.hub_id not in progress.seen]
    if "" not in progress.failed_ids:
        kept = _uuids(progress.failed_ids)
        lines = removals(run, (row for row in missing if row.hub_id not in kept))
        SyncChange.objects.bulk_create(lines, batch_size=1000)
    SyncChange.objects.filter(run__kind=SyncKind.DRY_RUN, run__lt=run).delete()


def _sweep(progress: _Progress, *, now: datetime) -> None:
    """Mark as gone what a full read did not show; an item that failed was shown, and one without an id may be any.

    Where that is more than a tenth of all customers, nothing is marked: a person is asked first.
    """
    run = progress.run
    if "" in progress.failed_ids:
        return
    with transaction.atomic():
        link = HubLink.objects.select_for_update().get(id=1)
        alive = MirroredCompany.objects.exclude(hub_state=HubCompanyState.REMOVED).count()
        going = list(_unseen(MirroredCompany, progress).exclude(hub_state=HubCompanyState.REMOVED).order_by("id"))
        if asks_before_removing(going=len(going), alive=alive, allowed=link.removals_allowed):
            run.to_remove = len(going)
            SyncChange.objects.bulk_create(removals(run, going), batch_size=1000)
            return
        progress.counts += companies_gone(going, now=now)
        for model, topic in _SHARES:
            rows = list(_unseen(model, progress).filter(is_deleted=False).order_by("id"))
            progress.counts += shares_gone(model, rows, topic, now=now)
        HubLink.objects.filter(id=1).update(removals_allowed=None)
    progress.save()


def _unseen(model: type[M], progress: _Progress) -> models.QuerySet[M]:
    rows = model.objects.select_for_update(of=("self",)).filter(seen_run__lt=progress.run.marker)
    return rows.exclude(hub_id__in=_uuids(progress.failed_ids))


def _uuids(texts: set[str]) -> set[UUID]:
    """Those of the texts that are UUIDs."""
    found = set()
    for text in texts:
        with suppress(ValueError):
            found.add(UUID(text))
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
