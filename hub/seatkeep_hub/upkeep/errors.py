"""Business refusals of upkeep."""

from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.errors import ConflictError, InvalidError, NotFoundError


class QuestionNotFoundError(NotFoundError):
    """There is no such question, or it is not yours."""

    code = "seat_question_unknown"
    message = _("There is no such question, or it is not yours.")


class QuestionAnsweredError(ConflictError):
    """The question was answered already."""

    code = "seat_question_answered"
    message = _("The question was answered already.")


class AnswerError(InvalidError):
    """This answer does not fit the question."""

    code = "seat_question_answer"
    message = _("This answer does not fit the question.")


class StaleRuleError(InvalidError):
    """A rule for silent computers has 7 to 730 days."""

    code = "stale_rule"
    message = _("A rule for silent computers has 7 to 730 days.")
