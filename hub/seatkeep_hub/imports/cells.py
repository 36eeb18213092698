"""Turns the texts of one row into values, with a fault per column that is wrong. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from seatkeep_hub.agreements import rules as agreement_rules
from seatkeep_hub.companies import rules as company_rules
from seatkeep_hub.companies.enums import CompanyKind
from seatkeep_hub.imports.form import AGREEMENT_FIELDS, COMPANY_FIELDS, ERASABLE, KEY
from seatkeep_hub.imports.world import Numbers


class Fault(NamedTuple):
    """What is wrong with one column of a row; `words.FAULTS` has the sentence, `detail` what it names."""

    field: str
    code: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the file: texts by field, and what was wrong with its cells already."""

    number: int
    texts: Mapping[str, str]
    faults: tuple[Fault, ...] = ()


@dataclass(slots=True)
class Wish:
    """What a row asks for; None and empty mean "as it is".

    Attributes:
        values: Company fields to be written, as texts; an empty one erases, where the import was told so.
        license: Shareable id; empty for the one that is shared anyway.
        numbers: The agreement; None when the row is about the company only.
    """

    number: int
    key: str
    parent_key: str
    kind: str
    values: dict[str, str] = field(default_factory=dict)
    license: str = ""
    product: str = ""
    numbers: Numbers | None = None
    faults: list[Fault] = field(default_factory=list)


def wish_of(entry: Entry, *, erases_empty: bool = False) -> Wish:
    """Read one row; every column that is wrong gets its own fault. `erases_empty`: empty cells erase."""
    texts = entry.texts
    erased = ERASABLE & texts.keys() if erases_empty else frozenset[str]()
    wish = Wish(
        number=entry.number,
        key=texts.get(KEY, ""),
        parent_key=texts.get("parent_identifier", ""),
        kind=texts.get("kind", "").upper().replace(" ", "_"),
        values={name: texts[name] for name in COMPANY_FIELDS if texts.get(name) or name in erased},
        faults=list(entry.faults),
    )
    _company_check(wish)
    if any(texts.get(name) for name in AGREEMENT_FIELDS):
        _agreement_read(wish, texts)
    return wish


def tags_of(text: str) -> list[str]:
    """Tags between semicolons, or between commas where there is no semicolon."""
    return company_rules.tags_normalize(text.split(";" if ";" in text else ","))


def _company_check(wish: Wish) -> None:
    if not wish.key:
        wish.faults.append(Fault(KEY, "needed"))
    elif len(wish.key) > 100:
        wish.faults.append(Fault(KEY, "too_long"))
    if wish.kind and wish.kind not in CompanyKind.values:
        wish.faults.append(Fault("kind", "unknown_choice", ", ".join(CompanyKind.values[1:])))
    for name, value in wish.values.items():
        fault = _CHECKS.get(name, _fits(name))(value) if value else ""
        if fault:
            wish.faults.append(Fault(name, fault))
    if "tags" in wish.values:
        wish.values["tags"] = "; ".join(tags_of(wish.values["tags"]))
    if "country" in wish.values:
        wish.values["country"] = wish.values["country"].upper()


def _fits(name: str) -> Callable[[str], str]:
    return lambda value: _text_fault(name, value)


def _text_fault(name: str, value: str) -> str:
    if len(value) > company_rules.MAX_LENGTHS[name]:
        return "too_long"
    return "unprintable" if company_rules.field_faults({name: value}) else ""


def _name_fault(value: str) -> str:
    return (
        "too_long" if len(value) > company_rules.MAX_NAME_LENGTH else "unprintable" if not value.isprintable() else ""
    )


def _tags_fault(value: str) -> str:
    tags = tags_of(value)
    return "too_long" if company_rules.tags_fault(tags) else ""


_CHECKS: dict[str, Callable[[str], str]] = {
    "name": _name_fault,
    "tags": _tags_fault,
    "email": lambda value: "not_an_email" if company_rules.field_faults({"email": value}) else "",
    "country": lambda value: "" if re.fullmatch("[A-Za-z]{2}", value) else "not_a_country",
    "time_zone": lambda value: "unknown_time_zone" if company_rules.time_zone_fault(value) else "",
}


def numbers_faults(numbers: Numbers) -> list[Fault]:
    """Say which numbers of an agreement are wrong."""
    wrong = agreement_rules.numbers_fault(
        mode=numbers.mode, quantity=numbers.quantity, warn_above=numbers.warn_above, stop_above=numbers.stop_above
    )
    return [Fault("seats" if name == "quantity" else name, "number", texts[0]) for name, texts in wrong.items()]


def _agreement_read(wish: Wish, texts: Mapping[str, str]) -> None:
    wish.license, wish.product = texts.get("license", ""), texts.get("product", "")
    seats = _number(wish, texts, "seats")
    numbers = Numbers(
        mode=(texts.get("agreement") or ("FIXED" if seats else "")).upper(),
        quantity=seats or 0,
        on_exceed=texts.get("on_exceed", "").upper(),
        warn_above=_number(wish, texts, "warn_above"),
        stop_above=_number(wish, texts, "stop_above"),
    )
    if not wish.product:
        wish.faults.append(Fault("product", "needed"))
    if numbers.mode not in ("", "FIXED", "FLEXIBLE"):
        wish.faults.append(Fault("agreement", "unknown_choice", "FIXED, FLEXIBLE"))
    if numbers.on_exceed not in ("", "FLAG", "REFUSE"):
        wish.faults.append(Fault("on_exceed", "unknown_choice", "FLAG, REFUSE"))
    wish.numbers = numbers


def _number(wish: Wish, texts: Mapping[str, str], name: str) -> int | None:
    text = texts.get(name, "")
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,7}", text):
        wish.faults.append(Fault(name, "not_a_number"))
        return None
    return int(text)
