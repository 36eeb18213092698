"""A "no" of the business is an error class with a stable code and a status; it is never a 500."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise


class AppError(Exception):
    """The request cannot be done.

    Subclasses set `code` (stable, snake_case, part of the API), `status` and `message`.

    Args:
        detail: What happened, for a person; `message` of the class when empty.
        fields: Messages per input field; empty when no field is to blame.
        code: Replaces the class's code where one class serves several codes.
        extra: Further members of the problem document; never secrets.
    """

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 400
    message: ClassVar[Text] = _("The request cannot be done.")

    def __init__(
        self,
        detail: Text = "",
        *,
        fields: Mapping[str, Sequence[Text]] | None = None,
        code: str | None = None,
        **extra: object,
    ) -> None:
        super().__init__(detail or self.message)
        self._detail = detail
        self.error_code = code or self.code
        self.fields: dict[str, list[str]] = {
            name: [str(text) for text in texts] for name, texts in (fields or {}).items()
        }
        self.extra: dict[str, object] = extra

    @property
    def detail(self) -> str:
        """The sentence for a person, in the language that is active now."""
        return str(self._detail or self.message)

    def __str__(self) -> str:
        return f"{self.error_code}: {self.detail}"


class InvalidError(AppError):
    """The input is malformed."""

    code = "invalid"
    status = 422
    message = _("Please correct the marked fields.")


class SignInNeededError(AppError):
    """Nobody is signed in."""

    code = "sign_in_needed"
    status = 401
    message = _("Please sign in.")


class NotAllowedError(AppError):
    """The person may see this, but may not do this."""

    code = "not_allowed"
    status = 403
    message = _("You are not allowed to do this.")


class NotFoundError(AppError):
    """It does not exist, or it is somebody else's: the two look alike from outside."""

    code = "not_found"
    status = 404
    message = _("This does not exist, or you have no access to it.")


class ConflictError(AppError):
    """The present state does not allow it."""

    code = "conflict"
    status = 409
    message = _("This does not fit the present state.")


class GoneError(AppError):
    """It was here and is no more."""

    code = "gone"
    status = 410
    message = _("This is no longer available.")


class RateLimitedError(AppError):
    """Too many requests; `extra["retry_after_seconds"]` says when to come back."""

    code = "rate_limited"
    status = 429
    message = _("Too many requests. Please wait a moment.")


class UnavailableError(AppError):
    """A part that is needed does not answer; trying again later is right."""

    code = "busy"
    status = 503
    message = _("This is not available right now. Please try again in a moment.")
