"""What can go wrong with problems; each docstring is fit for a person."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.errors import ConflictError, InvalidError, NotFoundError


class ProblemNotFoundError(NotFoundError):
    """There is no such problem, or you may not see it."""

    code = "problem_not_found"
    message = _("There is no such problem, or you may not see it.")


class ProblemResolvedError(ConflictError):
    """The problem has gone by itself already."""

    code = "problem_resolved"
    message = _("The problem has gone by itself already.")


class ProblemActNotFoundError(NotFoundError):
    """There is nothing of yours to take back."""

    code = "problem_act_not_found"
    message = _("There is nothing of yours to take back.")


class ProblemNoFixError(ConflictError):
    """There is no fix that can be ordered from here."""

    code = "problem_no_fix"
    message = _("There is no fix that can be ordered from here.")


class SnoozeInvalidError(InvalidError):
    """A snooze must end in the future, within a year."""

    code = "snooze_invalid"
    message = _("A snooze must end in the future, within a year.")


class AssigneeUnknownError(InvalidError):
    """There is no such person, or they may not see the problem."""

    code = "assignee_unknown"
    message = _("There is no such person, or they may not see the problem.")


class ThresholdInvalidError(InvalidError):
    """A threshold is not a whole number within its bounds, or urgent comes before soon."""

    code = "threshold_invalid"
    message = _("A threshold is not a whole number within its bounds, or urgent comes before soon.")
