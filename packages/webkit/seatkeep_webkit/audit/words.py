"""The journal in words: a program says once what its actions, codes and ids mean to a reader."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from django.utils.translation import gettext as _

from seatkeep_webkit.actors import ActorKind
from seatkeep_webkit.audit.models import AuditEntry
from seatkeep_webkit.errors import Text


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
    """

    actions: Mapping[str, Text]
    subjects: Mapping[str, Text]
    labels: Mapping[str, Text] = field(default_factory=dict)
    values: Mapping[str, Text] = field(default_factory=dict)
    programs: Mapping[str, Text] = field(default_factory=dict)
    names: Callable[[Collection[str]], Names] = no_names

    def lines(self, entries: Iterable[AuditEntry]) -> list[AuditLine]:
        """Return each entry in words; the ids of all of them are looked up together."""
        found = list(entries)
        names = self.names({text for entry in found for text in _ids(entry)})
        return [self._line(entry, names) for entry in found]

    def actions_like(self, text: str) -> list[str]:
        """Return the actions whose words contain a text, whatever its case."""
        return [action for action, words in self.actions.items() if text.casefold() in str(words).casefold()]

    def _line(self, entry: AuditEntry, names: Names) -> AuditLine:
        about = names.get(entry.subject_id)
        return AuditLine(
            what=str(self.actions.get(entry.action) or legible(entry.action)),
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
                yield str(self.labels.get(name) or legible(name)), text

    def _text(self, value: object, names: Names) -> str:
        if isinstance(value, bool):
            return _("yes") if value else _("no")
        if value is None:
            return ""
        text = str(value)
        if text in names:
            return names[text].name
        return str(self.values.get(text) or text)


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
