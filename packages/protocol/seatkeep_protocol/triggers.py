"""When a group task runs on a device: decided on the device, in its own local time, so that it holds offline too.

A time is a wall-clock time. Where the clocks jump over it, it counts as much later as they jump (02:30 becomes 03:30);
where they show it twice, the first one counts and the repeated hour brings no second run.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from calendar import monthrange
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import Annotated, Any

import msgspec

from seatkeep_protocol.cron import cron_days, cron_parse
from seatkeep_protocol.errors import TriggerInvalidError
from seatkeep_protocol.ids import HEX_PATTERN

LOOK_AHEAD_DAYS = 9 * 366
"""29 February may lie eight years ahead (around 2100); what does not fire within nine never does."""
DELAY_LIMIT_SECONDS = 24 * 3600
LIFE_LIMIT_SECONDS = 180 * 24 * 3600

_LOG_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ./_-]*")

ClockTime = Annotated[str, msgspec.Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
WallTime = Annotated[str, msgspec.Meta(pattern=r"^20[0-9]{2}-[01][0-9]-[0-3][0-9]T([01][0-9]|2[0-3]):[0-5][0-9]$")]
Delay = Annotated[int, msgspec.Meta(ge=0, le=DELAY_LIMIT_SECONDS)]
Weekday = Annotated[int, msgspec.Meta(ge=0, le=6)]
MonthDay = Annotated[int, msgspec.Meta(ge=1, le=31)]


class _Trigger(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type"):
    """What all triggers share."""


class AsapTrigger(_Trigger, frozen=True, kw_only=True, tag="ASAP"):
    """Once on each device, as soon as it hears of it."""


class JoinedTrigger(_Trigger, frozen=True, kw_only=True, tag="JOINED"):
    """Each time a device joins the dynamic group that the task stands on; who is in it already is left alone."""


class _Scheduled(_Trigger, frozen=True, kw_only=True):
    """Fires by the clock.

    Attributes:
        delay_seconds: Each device waits up to so long, always the same for one fire, so that not all begin at once.
    """

    delay_seconds: Delay = 0


class OnceTrigger(_Scheduled, frozen=True, kw_only=True, tag="ONCE"):
    """Once, at a local time `YYYY-MM-DDTHH:MM`."""

    at: WallTime


class DailyTrigger(_Scheduled, frozen=True, kw_only=True, tag="DAILY"):
    """Every day at a time."""

    at: ClockTime


class WeeklyTrigger(_Scheduled, frozen=True, kw_only=True, tag="WEEKLY"):
    """On some days of the week (0 is Monday) at a time."""

    days: Annotated[tuple[Weekday, ...], msgspec.Meta(min_length=1, max_length=7)]
    at: ClockTime


class MonthlyTrigger(_Scheduled, frozen=True, kw_only=True, tag="MONTHLY"):
    """On a day of the month at a time; in a shorter month on its last day."""

    day: MonthDay
    at: ClockTime


class YearlyTrigger(_Scheduled, frozen=True, kw_only=True, tag="YEARLY"):
    """On a day of a month each year at a time; in a shorter month on its last day."""

    month: Annotated[int, msgspec.Meta(ge=1, le=12)]
    day: MonthDay
    at: ClockTime


class CronTrigger(_Scheduled, frozen=True, kw_only=True, tag="CRON"):
    """By a CRON expression of five fields (`seatkeep_protocol.cron`)."""

    expression: Annotated[str, msgspec.Meta(max_length=200)]


class EventSource(StrEnum):
    """Where events are read: the journal of systemd, a text file, a log of Windows."""

    JOURNAL = "JOURNAL"
    FILE = "FILE"
    WINDOWS = "WINDOWS"


class EventTrigger(_Trigger, frozen=True, kw_only=True, tag="EVENT"):
    """When the device logs something, once or so many times within a while; what was logged before does not count.

    Attributes:
        text: What a line must contain, whatever the case of its letters.
        log: The file (absolute), or the log of Windows, such as `Security`; not asked for the journal.
        event_id: Of an event of Windows; None for any.
        count: How many lines it takes.
        within_seconds: Within which time.
    """

    source: EventSource
    text: Annotated[str, msgspec.Meta(max_length=200)] = ""
    log: Annotated[str, msgspec.Meta(max_length=500)] = ""
    event_id: Annotated[int, msgspec.Meta(ge=0, le=65_535)] | None = None
    count: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1
    within_seconds: Annotated[int, msgspec.Meta(ge=60, le=DELAY_LIMIT_SECONDS)] = 600

    def __post_init__(self) -> None:
        if self.source is EventSource.FILE and not (self.log.startswith("/") or self.log[1:3] == ":\\"):
            raise ValueError("name the file by its absolute path")
        if self.source is EventSource.WINDOWS and not _LOG_NAME.fullmatch(self.log):
            raise ValueError("name the log of Windows")
        if not self.text.strip() and self.event_id is None:
            raise ValueError("say what a line must contain")


class SizeTrigger(_Trigger, frozen=True, kw_only=True, tag="SIZE"):
    """Once for all in the group, each time that it grows to a size; the manager counts, devices never see it."""

    at_least: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]


Schedule = OnceTrigger | DailyTrigger | WeeklyTrigger | MonthlyTrigger | YearlyTrigger | CronTrigger
Trigger = AsapTrigger | JoinedTrigger | EventTrigger | SizeTrigger | Schedule


class GroupTask(msgspec.Struct, frozen=True, kw_only=True):
    """A task on a group, as the group document carries it.

    Attributes:
        task: The task.
        group: The static or dynamic group that it stands on.
        kind: A value of `tasks.TaskKind`; text, so that a kind of tomorrow does not spoil the document.
        params: Read by `tasks.params_decode`.
        trigger: Read by `trigger_decode`.
        issued_at_us: When it was made; nothing before that counts.
        life_seconds: How late it may begin after its time.
        pause_seconds: A fire so soon after the last one that ran is suppressed; 0 never.
        ends_at_us: From then on it does not fire; None never ends.
    """

    task: uuid.UUID
    group: Annotated[str, msgspec.Meta(pattern=HEX_PATTERN)]
    kind: str
    params: dict[str, Any]
    trigger: dict[str, Any]
    issued_at_us: int
    life_seconds: Annotated[int, msgspec.Meta(ge=1, le=LIFE_LIMIT_SECONDS)]
    pause_seconds: Annotated[int, msgspec.Meta(ge=0, le=LIFE_LIMIT_SECONDS)] = 0
    ends_at_us: int | None = None


def trigger_decode(trigger: Mapping[str, Any]) -> Trigger:
    """Read a trigger.

    Raises:
        TriggerInvalidError: The type is unknown, a field is missing, unknown or wrong, or no time ever fits.
    """
    try:
        found: Trigger = msgspec.convert(trigger, Trigger)
    except msgspec.ValidationError as error:
        raise TriggerInvalidError(str(error)) from error
    if isinstance(found, OnceTrigger):
        _wall(found)
    if isinstance(found, CronTrigger) and not any(cron_days(cron_parse(found.expression), _days(date(2096, 1, 1), 1))):
        raise TriggerInvalidError("No day ever fits the CRON expression.")
    return found


def trigger_encode(trigger: Trigger) -> dict[str, Any]:
    """Return a trigger as it stands in a document and in JSON."""
    encoded: dict[str, Any] = msgspec.to_builtins(trigger)
    return encoded


def fire_next(schedule: Schedule, *, after: datetime, zone: tzinfo | None = None) -> datetime | None:
    """Return the first fire later than an instant, without its delay; None when there is none within nine years.

    Args:
        schedule: When it fires.
        after: Aware; a fire at this very instant does not count.
        zone: The device's time zone; None is the zone of the machine that runs this.
    """
    if isinstance(schedule, OnceTrigger):
        at = _utc(_wall(schedule), zone)
        return at if at > after else None
    for day in _days_of(schedule, _days(_local_date(after, zone) - timedelta(days=1), 1)):
        later = [at for at in _fires_on(schedule, day, zone) if at > after]
        if later:
            return min(later)
    return None


def fire_due(
    schedule: Schedule, *, after: datetime, now: datetime, task: uuid.UUID, device: str, zone: tzinfo | None = None
) -> datetime | None:
    """Return the newest fire later than `after` whose delay is over at `now` (inclusive); those before are passed over.

    Args:
        schedule: When it fires.
        after: Aware; up to there everything is settled.
        now: Current time, aware.
        task: The task, and
        device: the device (32 hex digits) whose delay counts.
        zone: As in `fire_next`.
    """
    if isinstance(schedule, OnceTrigger):
        fires = iter([_utc(_wall(schedule), zone)])
    else:
        first = _local_date(after, zone) - timedelta(days=1)
        last = _local_date(now, zone) + timedelta(days=1)
        fires = _newest_first(schedule, _days_of(schedule, _days(last, -1, until=first)), zone)
    for at in fires:
        if after < at and at + fire_delay(schedule, task=task, device=device, fire=at) <= now:
            return at
    return None


def fire_delay(schedule: Schedule, *, task: uuid.UUID, device: str, fire: datetime) -> timedelta:
    """Return how long a device waits after a fire: anything up to the limit, and always the same for this one."""
    if not schedule.delay_seconds:
        return timedelta()
    digest = hashlib.sha256(f"{task.hex}:{device}:{fire_us(fire)}".encode()).digest()
    return timedelta(seconds=int.from_bytes(digest[:8]) % (schedule.delay_seconds + 1))


def run_id(*, task: uuid.UUID, device: str, fired_at_us: int) -> uuid.UUID:
    """Return the id of a device's run of one fire: the same fire again is the same run, whoever counts."""
    return uuid.uuid5(task, f"{device}/{fired_at_us}")


def fire_us(fire: datetime) -> int:
    """An aware instant as whole microseconds since 1970."""
    return (fire - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _wall(once: OnceTrigger) -> datetime:
    try:
        return datetime.fromisoformat(once.at)
    except ValueError as error:
        raise TriggerInvalidError(f"{once.at}: {error}") from error


def _days(start: date, step: int, *, until: date | None = None) -> Iterator[date]:
    count = abs((until - start).days) + 1 if until else LOOK_AHEAD_DAYS
    return (start + timedelta(days=step * number) for number in range(count))


def _days_of(schedule: Schedule, days: Iterator[date]) -> Iterator[date]:
    if isinstance(schedule, CronTrigger):
        return cron_days(cron_parse(schedule.expression), days)
    if isinstance(schedule, WeeklyTrigger):
        return (day for day in days if day.weekday() in schedule.days)
    if isinstance(schedule, YearlyTrigger):
        days = (day for day in days if day.month == schedule.month)
    if isinstance(schedule, MonthlyTrigger | YearlyTrigger):
        return (day for day in days if day.day == min(schedule.day, monthrange(day.year, day.month)[1]))
    return days


def _fires_on(schedule: Schedule, day: date, zone: tzinfo | None) -> list[datetime]:
    if isinstance(schedule, CronTrigger):
        times = cron_parse(schedule.expression).times()
    elif isinstance(schedule, OnceTrigger):
        times = [_wall(schedule).time()]
    else:
        times = [time.fromisoformat(schedule.at)]
    return [_utc(datetime.combine(day, at), zone) for at in times]


def _newest_first(schedule: Schedule, days: Iterator[date], zone: tzinfo | None) -> Iterator[datetime]:
    for day in days:
        yield from sorted(_fires_on(schedule, day, zone), reverse=True)


def _utc(wall: datetime, zone: tzinfo | None) -> datetime:
    """The instant of a wall time; a naive one is the machine's own."""
    return wall.replace(tzinfo=zone).astimezone(UTC)


def _local_date(at: datetime, zone: tzinfo | None) -> date:
    return at.astimezone(zone).date()
