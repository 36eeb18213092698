"""The journal in words: a program says once what its actions, codes and ids mean to a reader."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from seatkeep_webkit.actors import ActorKind
from seatkeep_webkit.audit.models import AuditEntry
from seatkeep_webkit.errors import Text

SHARED_ACTIONS: Mapping[str, Text] = {
    "act:refuse": gettext_lazy("Refused"),
    "session:end": gettext_lazy("Signed out by somebody"),
    "sign-in:factor_add": gettext_lazy("Second factor added"),
    "sign-in:factor_remove": gettext_lazy("Second factor removed"),
    "sign-in:factor_renew": gettext_lazy("Recovery codes renewed"),
    "sign-in:factor_wrong": gettext_lazy("Sign-in failed: wrong code"),
    "sign-in:in": gettext_lazy("Signed in"),
    "sign-in:out": gettext_lazy("Signed out"),
    "sign-in:password_change": gettext_lazy("Password changed"),
    "sign-in:password_wrong": gettext_lazy("Sign-in failed: wrong password"),
    "user:impersonate": gettext_lazy("Began to act as somebody"),
    "user:return": gettext_lazy("Stopped acting as somebody"),
}
"""What both programs note in the same way."""
SHARED_LABELS: Mapping[str, Text] = {
    "address": gettext_lazy("asked for"),
    "by": gettext_lazy("by"),
    "reason": gettext_lazy("why"),
    "sessions": gettext_lazy("sessions"),
}
SHARED_VALUES: Mapping[str, Text] = {
    "impersonating": gettext_lazy("not while acting as somebody else"),
    "recovery_codes": gettext_lazy("recovery codes"),
    "totp": gettext_lazy("authenticator app"),
    "webauthn": gettext_lazy("passkey"),
}


@dataclass(frozen=True, slots=True)
class Named:
    """What an id stands for.

    Attributes:
        name: How people call it.
        url: Its page; empty for none.
    """

    name: str
    url: str = ""


Names = Mapping[str, Named]


def no_names(ids: Collection[str]) -> Names:
    """Know no id."""
    return {}


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One entry as it is read.

    Attributes:
        what: What was done, such as "Customer created".
        subject: The kind of thing it was done to.
        about: The thing itself, where it is known.
        who: Who did it.
        details: Label and text of what was noted, without what is empty or repeats the name.
    """

    what: str
    subject: str
    about: Named | None
    who: str
    details: tuple[tuple[str, str], ...]

    @property
    def details_text(self) -> str:
        """The details in one line, for a file."""
        return " · ".join(f"{label}: {text}" for label, text in self.details)


@dataclass(frozen=True)
class AuditWords:
    """Everything that a program writes into the journal, in words. A code without words is shown legibly, never hidden.

    Attributes:
        actions: Words per action, such as `license:suspend`.
        subjects: Words per subject type; what the journal can be narrowed to.
        labels: Words per name of a detail.
        values: Words per code that a detail may hold.
        programs: Words per part of the program that acts by itself.
        names: Finds names and pages of ids, all of a page at once.
        sections: By code, the words of each part of the site and the subjects of actions (before the colon) in it.
    """

    actions: Mapping[str, Text]
    subjects: Mapping[str, Text]
    labels: Mapping[str, Text] = field(default_factory=dict)
    values: Mapping[str, Text] = field(default_factory=dict)
    programs: Mapping[str, Text] = field(default_factory=dict)
    names: Callable[[Collection[str]], Names] = no_names
    sections: Mapping[str, tuple[Text, frozenset[str]]] = field(default_factory=dict)

    def section_of(self, action: str) -> str:
        """Return the code of the part of the site that an action belongs to; empty for none."""
        subject = action.partition(":")[0]
        return next((code for code, (_words, subjects) in self.sections.items() if subject in subjects), "")

    def lines(self, entries: Iterable[AuditEntry]) -> list[AuditLine]:
        """Return each entry in words; the ids of all of them are looked up together."""
        found = list(entries)
        names = self.names({text for entry in found for text in _ids(entry)})
        return [self._line(entry, names) for entry in found]

    def actions_like(self, text: str) -> list[str]:
        """Return the actions whose words contain a text, whatever its case."""
        known = {**SHARED_ACTIONS, **self.actions}
        return [action for action, words in known.items() if text.casefold() in str(words).casefold()]

    def _line(self, entry: AuditEntry, names: Names) -> AuditLine:
        about = names.get(entry.subject_id)
        return AuditLine(
            what=str(self.actions.get(entry.action) or SHARED_ACTIONS.get(entry.action) or legible(entry.action)),
            subject=str(self.subjects.get(entry.subject_type) or legible(entry.subject_type)),
            about=about,
            who=self._who(entry),
            details=tuple(self._details(entry, about, names)),
        )

    def _who(self, entry: AuditEntry) -> str:
        by = entry.actor_label
        if entry.actor_kind == ActorKind.SYSTEM:
            by = str(self.programs.get(by) or legible(by))
        if not entry.impersonator:
            return by
        return _("%(person)s as %(other)s") % {"person": entry.impersonator, "other": by}

    def _details(self, entry: AuditEntry, about: Named | None, names: Names) -> Iterable[tuple[str, str]]:
        for name, value in entry.details.items():
            text = self._text(value, names)
            if text and (about is None or text != about.name):
                yield str(self.labels.get(name) or SHARED_LABELS.get(name) or legible(name)), text

    def _text(self, value: object, names: Names) -> str:
        if isinstance(value, bool):
            return _("yes") if value else _("no")
        if value is None:
            return ""
        text = str(value)
        if text in names:
            return names[text].name
        return str(self.values.get(text) or SHARED_VALUES.get(text) or text)


def legible(code: str) -> str:
    """Return a code as words, such as "Lease key: rotate"."""
    words = code.replace("_", " ").replace("-", " ").replace(":", ": ")
    return words[:1].upper() + words[1:]


def _ids(entry: AuditEntry) -> Iterable[str]:
    for value in (entry.subject_id, *entry.details.values()):
        if isinstance(value, str) and _is_uid(value):
            yield value


def _is_uid(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False
