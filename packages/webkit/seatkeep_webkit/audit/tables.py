"""The journal as a table: each program subclasses it with its own words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from seatkeep_webkit import clock
from seatkeep_webkit.actors import ActorKind
from seatkeep_webkit.audit.enums import Result, Severity
from seatkeep_webkit.audit.models import AuditEntry
from seatkeep_webkit.audit.selectors import section_condition
from seatkeep_webkit.audit.words import AuditLine, AuditWords
from seatkeep_webkit.tables import ChoiceFilter, Column, Empty, Filter, QueryFilter, Table

ACTORS = (
    (ActorKind.USER, _("People")),
    (ActorKind.AGENT, _("Computers")),
    (ActorKind.INSTANCE, _("Other programs")),
    (ActorKind.SYSTEM, _("Seatkeep itself")),
    (ActorKind.OPERATOR, _("Command line of the server")),
)
SEVERITY_TONES = {"INFO": "off", "WARNING": "warn", "ERROR": "bad"}
RESULT_TONES = {"DONE": "off", "REFUSED": "warn", "FAILED": "bad"}
NAMING_DETAILS = ("name", "hostname", "email", "public_id", "device")
"""Details that people search by."""


def line_of(entry: AuditEntry) -> AuditLine:
    """Return the words that `AuditTable.prepare` found for an entry."""
    line: AuditLine = vars(entry)["line"]
    return line


class AuditTable(Table[AuditEntry]):
    """Who did what, newest first.

    Attributes:
        words: The program's words.
    """

    name = "audit"
    order = "-id"
    words: AuditWords
    columns = (
        Column("at", _("When"), sort="id", kind="when"),
        Column("action", _("What"), sort="action", is_title=True, value=lambda entry: line_of(entry).what),
        Column(
            "subject_type",
            _("On"),
            sort="subject_type",
            value=line_of,
            template="webkit/cells/audit_subject.html",
            export=lambda entry: _subject_text(line_of(entry)),
        ),
        Column("actor_label", _("Who"), sort="actor_label", value=lambda entry: line_of(entry).who),
        Column(
            "details",
            _("Details"),
            kind="long",
            value=lambda entry: line_of(entry).details,
            template="webkit/cells/audit_details.html",
            export=lambda entry: line_of(entry).details_text,
        ),
        Column("severity", _("Severity"), sort="severity", badge=SEVERITY_TONES, is_hidden=True),
        Column("result", _("Result"), badge=RESULT_TONES, template="webkit/cells/audit_result.html"),
        Column("ip", _("Address"), is_hidden=True),
    )
    empty = Empty(_("Nothing recorded yet."), _("Every change is noted here, and who made it."), icon="history")

    def __init__(
        self, request: HttpRequest, queryset: QuerySet[AuditEntry], *, scope: Mapping[str, str] | None = None
    ) -> None:
        """Make the table of one request."""
        super().__init__(request, queryset, scope=scope)
        self._now = clock.now()

    def offered_filters(self) -> Sequence[Filter]:
        """By time, who, part of the site, severity and result."""
        return (
            QueryFilter("since", _("Time"), {
                "day": (_("Last 24 hours"), Q(at__gt=self._now - timedelta(days=1))),
                "week": (_("Last 7 days"), Q(at__gt=self._now - timedelta(days=7))),
                "month": (_("Last 30 days"), Q(at__gt=self._now - timedelta(days=30))),
            }),
            ChoiceFilter("by", _("Who"), ACTORS, lookup="actor_kind"),
            *self._by_section(),
            ChoiceFilter("about", _("On"), tuple(self.words.subjects.items()), lookup="subject_type"),
            ChoiceFilter("severity", _("Severity"), Severity.choices),
            ChoiceFilter("result", _("Result"), Result.choices),
        )  # fmt: skip

    def _by_section(self) -> tuple[Filter, ...]:
        sections = {
            code: (words, section_condition(subjects)) for code, (words, subjects) in self.words.sections.items()
        }
        return (QueryFilter("section", _("Part"), sections),) if sections else ()

    def apply_search(self, queryset: QuerySet[AuditEntry], text: str) -> QuerySet[AuditEntry]:
        """Words of the action, who acted, or a name among the details."""
        condition = Q(action__in=self.words.actions_like(text)) | Q(actor_label__icontains=text)
        condition |= Q(impersonator__icontains=text)
        for name in NAMING_DETAILS:
            condition |= Q(**{f"details__{name}__icontains": text})
        return queryset.filter(condition)

    def prepare(self, rows: Sequence[AuditEntry]) -> None:
        """Find the words of all shown entries at once."""
        for entry, line in zip(rows, self.words.lines(rows), strict=True):
            vars(entry)["line"] = line


def _subject_text(line: AuditLine) -> str:
    return f"{line.subject} {line.about.name}" if line.about else line.subject
