"""Pure: when a fact becomes a problem, and how a group may change that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from seatkeep_manager.problems.errors import ThresholdInvalidError


class Unit(StrEnum):
    """What a threshold counts."""

    MINUTES = "minutes"
    DAYS = "days"
    PERCENT = "percent"


@dataclass(frozen=True)
class Threshold:
    """One number that a group may set.

    Attributes:
        name: Its name in the database, the API and sql/device_findings.sql.
        label: What it decides; the same for soon and urgent.
        unit: Of the number.
        default: Where no group says otherwise.
        least: The smallest number, inclusive.
        most: The largest number, inclusive.
        stricter: The threshold that must be reached no later than this one: amber comes before red.
    """

    name: str
    label: Promise
    unit: Unit
    default: int
    least: int
    most: int
    stricter: str = ""


_LIST = (
    Threshold("server_silent_amber", _("Server is silent"), Unit.MINUTES, 15, 2, 43_200),
    Threshold("server_silent_red", _("Server is silent"), Unit.MINUTES, 60, 2, 43_200, "server_silent_amber"),
    Threshold("workstation_silent_amber", _("Workstation is silent"), Unit.DAYS, 14, 1, 365),
    Threshold("workstation_silent_red", _("Workstation is silent"), Unit.DAYS, 30, 1, 365, "workstation_silent_amber"),
    Threshold("signatures_amber", _("Signatures are old"), Unit.DAYS, 2, 1, 90),
    Threshold("signatures_red", _("Signatures are old"), Unit.DAYS, 3, 1, 90, "signatures_amber"),
    Threshold("restart_amber", _("Restart needed"), Unit.DAYS, 3, 0, 90),
    Threshold("restart_red", _("Restart needed"), Unit.DAYS, 14, 1, 365, "restart_amber"),
    Threshold("clock_amber", _("Clock is wrong"), Unit.MINUTES, 5, 1, 1_440),
    Threshold("clock_red", _("Clock is wrong"), Unit.MINUTES, 60, 1, 1_440, "clock_amber"),
    Threshold("disk_amber", _("Free space on a disk, or less"), Unit.PERCENT, 10, 1, 50),
    Threshold("disk_red", _("Free space on a disk, or less"), Unit.PERCENT, 5, 0, 50, "disk_amber"),
    Threshold("gap", _("Newest settings are not obeyed"), Unit.MINUTES, 10, 5, 1_440),
    Threshold("task_failed", _("A failed task counts for so long"), Unit.DAYS, 7, 1, 90),
)
THRESHOLDS: Mapping[str, Threshold] = {one.name: one for one in _LIST}


def defaults() -> dict[str, int]:
    """What holds where no group says otherwise."""
    return {one.name: one.default for one in THRESHOLDS.values()}


def limits_clean(own: Mapping[str, object], *, inherited: Mapping[str, int]) -> dict[str, int]:
    """The thresholds of a group, checked.

    Args:
        own: What the group is to say; None or an empty text means: as above.
        inherited: What holds above the group, complete.

    Raises:
        ThresholdInvalidError: A name is unknown, a number is none or out of bounds, or red comes before amber; each at
            its field.
    """
    found: dict[str, int] = {}
    wrong: dict[str, list[str]] = {}
    for name, value in own.items():
        if value is None or value == "":
            continue
        text = _refusal(name, value)
        if text:
            wrong[name] = [text]
        else:
            found[name] = int(str(value))
    wrong |= _out_of_order({**inherited, **found}, of={name for name in found if name not in wrong})
    if wrong:
        raise ThresholdInvalidError(fields=wrong)
    return found


def _refusal(name: str, value: object) -> str:
    known = THRESHOLDS.get(name)
    if known is None:
        return _now("There is no such threshold.")
    is_number = not isinstance(value, (bool, float)) and str(value).isascii() and str(value).isdigit()
    if not is_number or not known.least <= int(str(value)[:9]) <= known.most or len(str(value)) > 9:
        return _now("A whole number from %(least)s to %(most)s.") % {"least": known.least, "most": known.most}
    return ""


def _out_of_order(limits: Mapping[str, int], *, of: set[str]) -> dict[str, list[str]]:
    """Red thresholds that would be reached before their amber one, among those that the group touches."""
    wrong: dict[str, list[str]] = {}
    for one in THRESHOLDS.values():
        if not one.stricter or not {one.name, one.stricter} & of:
            continue
        amber, red = limits[one.stricter], limits[one.name]
        if (red > amber) if one.unit is Unit.PERCENT else (red < amber):
            field = one.name if one.name in of else one.stricter
            wrong[field] = [_now("Urgent must not come before soon (%(amber)s).") % {"amber": amber}]
    return wrong
