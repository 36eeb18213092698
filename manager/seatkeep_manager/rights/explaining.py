"""Why somebody may do something at a group, or why not: the facts that decided, in words."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from seatkeep_manager.directory.access import holdings_of, may_at
from seatkeep_manager.directory.enums import AccessLevel, Functionality
from seatkeep_manager.directory.models import StaticGroup, User
from seatkeep_manager.directory.rights import USES, Holding


@dataclass(frozen=True, slots=True)
class Fact:
    """One link of the chain.

    Attributes:
        code: Stable name, for programs.
        words: One sentence.
        allows: Whether it speaks for the act; None where it only tells.
        group: The group at which it was set, if any.
    """

    code: str
    words: str
    allows: bool | None = None
    group: StaticGroup | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer: permitted or not, and every fact that decided."""

    is_allowed: bool
    facts: tuple[Fact, ...]


def explain(*, person: User, group: StaticGroup, functionality: Functionality, level: AccessLevel) -> Explanation:
    """Say whether a person may do something at a group, and why.

    The same holdings and rules decide that let the person in; nothing here is a second opinion.

    Args:
        person: Who.
        group: Where; the asker has seen it.
        functionality: What about.
        level: How far.
    """
    is_allowed = may_at(person, group, functionality, level)
    if not person.is_active:
        words = _("%(person)s has left or is locked, and cannot sign in.") % {"person": person}
        return Explanation(False, (Fact("locked", words, allows=False),))
    here = [one for one in holdings_of(person) if one.group_id in group.path]
    facts = [_signs_in(person), *_set_facts(here, group, functionality, level)]
    if not here:
        words = _("Nothing is set for this person here or above, so they see nothing.")
        facts.append(Fact("nothing_set", words, allows=False))
    if functionality in USES and level == AccessLevel.USE:
        facts.append(Fact("use_means", _("Use means: %(what)s.") % {"what": USES[functionality]}))
    return Explanation(is_allowed, tuple(facts))


def _signs_in(person: User) -> Fact:
    if person.is_program:
        return Fact("program", _("%(person)s is a program with a secret of its own.") % {"person": person})
    if person.hub_sub:
        return Fact("by_licensing", _("%(person)s signs in through Licensing.") % {"person": person})
    return Fact("native", _("%(person)s signs in at this console with a password.") % {"person": person})


def _set_facts(here: list[Holding], group: StaticGroup, functionality: Functionality, level: AccessLevel) -> list[Fact]:
    groups = {one.pk: one for one in StaticGroup.objects.filter(pk__in=group.path)}
    told = sorted((one for one in here if one.is_from_hub), key=lambda one: len(one.path))
    facts = [_overruled(one, groups[one.group_id]) for one in told[:-1]]
    counting = told[-1:] + [one for one in here if not one.is_from_hub]
    return facts + [_counting(one, groups[one.group_id], group, functionality, level) for one in counting]


def _overruled(one: Holding, place: StaticGroup) -> Fact:
    words = _("Licensing set %(what)s at %(place)s; a nearer setting of Licensing wins.")
    return Fact("setting_above", words % {"what": one.name, "place": place}, group=place)


def _counting(
    one: Holding, place: StaticGroup, asked: StaticGroup, functionality: Functionality, level: AccessLevel
) -> Fact:
    permits, has = one.permits(functionality, level), one.levels.get(functionality, AccessLevel.NONE)
    source = _("Set in Licensing") if one.is_from_hub else _("Given here")
    where = _("at this group") if place == asked else _("at %(place)s, inherited downward") % {"place": place}
    words = _("%(source)s: %(what)s %(where)s. For %(about)s it permits: %(level)s.") % {
        "source": source, "what": one.name, "where": where, "about": functionality.label, "level": has.label,
    }  # fmt: skip
    code = "role" if one.role else "set"
    return Fact(f"{code}_permits" if permits else f"{code}_short", words, allows=permits or None, group=place)
