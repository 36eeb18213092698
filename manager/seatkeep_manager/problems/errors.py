"""What can go wrong with problems; each docstring is fit for a person."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.errors import ConflictError, NotFoundError


class ProblemNotFoundError(NotFoundError):
    """There is no such problem, or you may not see it."""

    code = "problem_not_found"
    message = _("There is no such problem, or you may not see it.")


class ProblemResolvedError(ConflictError):
    """The problem has gone by itself already."""

    code = "problem_resolved"
    message = _("The problem has gone by itself already.")
