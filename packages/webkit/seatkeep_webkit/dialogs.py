"""Questions before acts: a dialog over the page by htmx, a page of its own without JavaScript."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _

from seatkeep_webkit.errors import AppError, Text

_BACK = "came_from"
_OWN_FIELDS = {"csrfmiddlewaretoken", "confirmed", _BACK}


class _Dialog:
    """What both kinds of dialog know: where they were opened."""

    request: HttpRequest

    @property
    def back(self) -> str:
        """The page that the dialog was opened from; its form brings it along."""
        return _came_from(self.request)


class Confirm(_Dialog):
    """Asks before an act, saying what it will do and to how many.

    Args:
        request: A GET or a first POST shows the question; the POST with `confirmed` acts.
        title: The question's heading.
        label: The verb on the button.
        lines: What will happen, one sentence each.
        count: How many are affected; None where it is one named thing.
        is_danger: The button is red.
        typed: Words that must be typed, for what cannot be undone.
        is_password_asked: Ask for the person's own password, where it is serious.
    """

    def __init__(
        self,
        request: HttpRequest,
        *,
        title: Text,
        label: Text,
        lines: Sequence[Text] = (),
        count: int | None = None,
        is_danger: bool = False,
        typed: str = "",
        is_password_asked: bool = False,
    ) -> None:
        self.request = request
        self.title, self.label, self.lines = title, label, lines
        self.count, self.is_danger = count, is_danger
        self.typed, self.is_password_asked = typed, is_password_asked
        self.error: Text = ""

    @property
    def is_confirmed(self) -> bool:
        """Whether the person has said yes, and given the words or the password that were asked for."""
        post = self.request.POST
        if self.request.method != "POST" or post.get("confirmed") != "1" or self.count == 0:
            return False
        if self.typed and post.get("typed", "").strip() != self.typed:
            self.error = _("Please type the words exactly as shown.")
        elif self.is_password_asked and not self._is_password_right(post.get("password", "")):
            self.error = _("This is not your password.")
        return not self.error

    @property
    def carried(self) -> list[tuple[str, str]]:
        """The posted fields that the question must bring back, such as a selection."""
        skipped = _OWN_FIELDS | {"typed", "password"}
        return [(name, value) for name, values in self.request.POST.lists() if name not in skipped for value in values]

    def refuse(self, error: AppError) -> HttpResponse:
        """Show the dialog again with an error of the service."""
        self.error = error.detail
        return self.response()

    def response(self) -> HttpResponse:
        """Show the question."""
        return _dialog(self.request, "webkit/confirm.html", {"dialog": self}, is_refused=bool(self.error))

    def _is_password_right(self, password: str) -> bool:
        user: Any = self.request.user
        return bool(password) and bool(user.check_password(password))


class FormDialog(_Dialog):
    """A short form over the page.

    Args:
        request: A GET shows the form; a POST validates it.
        form: Built by the view with `request.POST or None`.
        title: Heading.
        label: The verb on the button.
        lines: Sentences above the fields.
        is_danger: The button is red.
        carried: Posted fields that the form must bring back, such as a selection.
    """

    def __init__(
        self,
        request: HttpRequest,
        form: BaseForm,
        *,
        title: Text,
        label: Text,
        lines: Sequence[Text] = (),
        is_danger: bool = False,
        carried: Sequence[tuple[str, str]] = (),
    ) -> None:
        self.request, self.form = request, form
        self.title, self.label, self.lines = title, label, lines
        self.is_danger, self.carried = is_danger, carried

    @property
    def is_valid(self) -> bool:
        """Whether the form was posted and is valid."""
        return self.request.method == "POST" and self.form.is_valid()

    def refuse(self, error: AppError) -> HttpResponse:
        """Show the form again with an error of the service, at its fields where it names them."""
        add_error(self.form, error)
        return self.response()

    def response(self) -> HttpResponse:
        """Show the form."""
        is_refused = self.form.is_bound and bool(self.form.errors)
        return _dialog(self.request, "webkit/form_dialog.html", {"dialog": self}, is_refused=is_refused)


def add_error(form: BaseForm, error: AppError) -> None:
    """Put an error of a service on the fields it names, or on the whole form."""
    for name, texts in error.fields.items():
        form.add_error(name if name in form.fields else None, list(texts))
    if not error.fields:
        form.add_error(None, error.detail)


def done(request: HttpRequest, message: Text, *, url: str = "") -> HttpResponse:
    """Say that it is done and go to a page; without `url` stay, with everything read anew.

    A dialog that was a page of its own goes back to where it was opened: its own address may be gone with the act.
    """
    messages.success(request, str(message))
    if not request.headers.get("HX-Request"):
        return redirect(url or _came_from(request))
    return HttpResponse(status=204, headers={"HX-Redirect": url} if url else {"HX-Refresh": "true"})


def _dialog(request: HttpRequest, template: str, context: dict[str, object], *, is_refused: bool) -> HttpResponse:
    is_part = bool(request.headers.get("HX-Request"))
    frame = "webkit/dialog_part.html" if is_part else "webkit/dialog_page.html"
    return render(request, template, {**context, "frame": frame}, status=422 if is_refused else 200)


def _came_from(request: HttpRequest) -> str:
    target = request.POST.get(_BACK) or request.headers.get("Referer", "")
    is_own = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return target if is_own else "/"
