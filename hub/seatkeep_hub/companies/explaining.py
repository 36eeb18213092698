"""Why a person may do something at a company, or why not: the chain of facts, in words."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from seatkeep_webkit.roles import ROLES, allows

from seatkeep_hub.companies.access import nearest
from seatkeep_hub.companies.enums import AccessLevel, CompanyKind, CompanyStatus, Right
from seatkeep_hub.companies.models import Access, Company, User
from seatkeep_hub.companies.selectors import access_settings, company_ancestors


class Act(TextChoices):
    """What can be asked about; the rights, and the two levels."""

    VIEW = "VIEW", gettext_lazy("View the company and what is below it")
    CHANGE = "CHANGE", gettext_lazy("Change companies, licenses and agreements")
    SEATS = Right.SEATS.value, Right.SEATS.label
    PRICES = Right.PRICES.value, Right.PRICES.label
    BILLING = Right.BILLING.value, Right.BILLING.label
    PEOPLE = Right.PEOPLE.value, Right.PEOPLE.label
    PROGRAMS = Right.PROGRAMS.value, Right.PROGRAMS.label
    IMPERSONATE = Right.IMPERSONATE.value, Right.IMPERSONATE.label
    OWNERS = Right.OWNERS.value, Right.OWNERS.label


@dataclass(frozen=True, slots=True)
class Fact:
    """One link of the chain.

    Attributes:
        code: Stable name, for programs.
        words: One sentence.
        allows: Whether it speaks for the act; None where it only tells.
        company: The company it is about, when it is not the one asked about.
    """

    code: str
    words: str
    allows: bool | None = None
    company: Company | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer: allowed or not, and every fact that decided."""

    is_allowed: bool
    facts: tuple[Fact, ...]


def explain(*, user: User, company: Company, act: Act) -> Explanation:
    """Say whether a person may do something at a company, and why.

    The same settings and rules decide that let the person in; nothing here is a second opinion.

    Args:
        user: The person.
        company: Where.
        act: What.
    """
    chain = [*company_ancestors(company), company]
    facts = [_person_fact(user), *_setting_facts(user, chain)]
    held = nearest(company.path, access_settings(user)) if user.is_active else None
    if held is not None and held.level != AccessLevel.NONE:
        facts.append(_act_fact(held.holding.level, held.holding.rights, act))
    facts += _gate_facts(company, chain, act)
    is_allowed = held is not None and all(fact.allows is not False for fact in facts)
    return Explanation(is_allowed, tuple(facts))


def _person_fact(user: User) -> Fact:
    words = {"person": user, "company": user.company}
    if not user.is_active:
        return Fact("left", _("%(person)s has left and cannot sign in.") % words, allows=False)
    return Fact("works_for", _("%(person)s works for %(company)s.") % words)


def _setting_facts(user: User, chain: list[Company]) -> list[Fact]:
    rows = {row.company_id: row for row in Access.objects.filter(user=user, company__in=chain)}
    found = [(one, rows[one.pk]) for one in chain if one.pk in rows]
    if not found:
        words = _("Nothing is set for this person here or above, so they have no access.")
        return [Fact("nothing_set", words, allows=False)]
    *farther, (place, row) = found
    return [*(_overruled(at, one) for at, one in farther), _decisive(place, row, chain[-1])]


def _overruled(place: Company, row: Access) -> Fact:
    words = _("At %(place)s the role is %(role)s (%(level)s); a nearer setting wins.")
    return Fact("setting_above", words % _row_words(place, row), company=place)


def _decisive(place: Company, row: Access, asked: Company) -> Fact:
    if row.level == AccessLevel.NONE:
        words = _("At %(place)s access was taken away for it and everything below.")
        return Fact("setting_none", words % _row_words(place, row), allows=False, company=place)
    if place == asked:
        words = _("The role here is %(role)s (%(level)s), set for this company itself.")
        return Fact("setting_here", words % _row_words(place, row), company=place)
    words = _("The role is %(role)s (%(level)s), inherited from %(place)s, the nearest setting above.")
    return Fact("setting_inherited", words % _row_words(place, row), company=place)


def _row_words(place: Company, row: Access) -> dict[str, object]:
    level = row.get_level_display()
    if row.sees_prices is not None:
        level = f"{level}, {_('prices shown') if row.sees_prices else _('prices hidden')}"
    return {"place": place, "role": row.get_role_display(), "level": level}


def _act_fact(level: AccessLevel, rights: frozenset[Right], act: Act) -> Fact:
    if act in (Act.VIEW, Act.CHANGE):
        wanted = AccessLevel.READ if act == Act.VIEW else AccessLevel.WRITE
        has = allows(level, wanted)
        words = _("This access is enough for it.") if has else _("This access only lets view.")
        return Fact("level_enough" if has else "level_short", words, allows=has)
    if Right(act.value) in rights:
        return Fact("right_held", _("The right for it comes with this setting."), allows=True)
    roles = ", ".join(str(role.label) for role, one in ROLES.items() if Right(act.value) in one.rights)
    words = _("The right for it does not come with this setting. Roles that have it: %(roles)s.") % {"roles": roles}
    return Fact("right_missing", words, allows=False)


def _gate_facts(company: Company, chain: list[Company], act: Act) -> list[Fact]:
    if act != Act.CHANGE:
        return []
    facts = []
    if company.status == CompanyStatus.REMOVED:
        facts.append(Fact("removed", _("The company was removed; it can only be restored."), allows=False))
    for one in chain:
        if one.status == CompanyStatus.SUSPENDED:
            words = _("%(company)s is suspended: nothing is created or activated at it and below.")
            facts.append(Fact("suspended", words % {"company": one}, company=one))
        if one.kind == CompanyKind.MANAGED_MSP and not one.is_trusted:
            words = _("%(company)s is not trusted: its own people ask before they order.")
            facts.append(Fact("not_trusted", words % {"company": one}, company=one))
    return facts
