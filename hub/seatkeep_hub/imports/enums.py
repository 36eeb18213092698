"""Named states of an import."""

from django.db.models import IntegerChoices, TextChoices
from django.utils.translation import gettext_lazy as _


class ImportState(TextChoices):
    """Where an import is."""

    READ = "READ", _("Columns to be named")
    PLANNING = "PLANNING", _("Being checked")
    PLANNED = "PLANNED", _("Checked")
    APPLYING = "APPLYING", _("Being applied")
    APPLIED = "APPLIED", _("Applied")
    FAILED = "FAILED", _("Stopped on the way")
    UNDOING = "UNDOING", _("Being undone")
    UNDONE = "UNDONE", _("Undone")


class RowResult(TextChoices):
    """What a row would do, or did."""

    CREATE = "CREATE", _("Creates")
    CHANGE = "CHANGE", _("Changes")
    SAME = "SAME", _("Same already")
    ERROR = "ERROR", _("Error")


class AdvisoryLock(IntegerChoices):
    """Numbers of PostgreSQL advisory locks."""

    IMPORT_RUN = 7302, _("one import")
