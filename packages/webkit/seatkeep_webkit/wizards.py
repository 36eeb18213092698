"""THE wizard: steps with validation, back without loss, a summary in plain words, then one transaction.

What was entered lives in the session until the wizard ends; each run has an id in its address, so two tabs do not mix.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.db import transaction
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views import View

from seatkeep_webkit.errors import AppError, Text

SUMMARY = "summary"
MAX_RUNS = 5
Data = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Step:
    """One page of a wizard.

    Attributes:
        name: In the address and in `wizard.data`.
        label: In the list of steps.
        form: What is asked.
        template: Shows `form` and `wizard`; the default shows every field.
        is_shown: Given the data of earlier steps, whether this step is asked at all.
        text: A sentence above the fields.
    """

    name: str
    label: Text
    form: type[BaseForm]
    template: str = "webkit/wizard_step.html"
    is_shown: Callable[[Data], bool] | None = None
    text: Text = ""


@dataclass(frozen=True, slots=True)
class SummaryLine:
    """One line of the summary, with the step that changes it."""

    label: Text
    value: object
    step: str = ""


class Wizard(View):
    """Subclass it, list the steps, say the summary, and do the work in `finish`.

    Attributes:
        name: Unique per site.
        title: Heading of every page of it.
        steps: In order.
        finish_label: The verb on the last button.
        cancel_url: Where "Cancel" leads.
    """

    name: ClassVar[str]
    title: ClassVar[Text]
    steps: ClassVar[Sequence[Step]]
    finish_label: ClassVar[Text] = _("Create")
    cancel_url: ClassVar[str] = "/"
    base_template: ClassVar[str] = "webkit/base.html"

    request: HttpRequest
    run: str
    data: Data
    error: AppError | None = None

    # What a project overrides

    def form_kwargs(self, step: str) -> dict[str, Any]:
        """Return further arguments of a step's form."""
        return {}

    def initial(self, step: str) -> Mapping[str, Any]:
        """Return what a step shows before anything is entered."""
        return {}

    def summary(self) -> Sequence[SummaryLine]:
        """Say in plain words what will be done, from `self.data`."""
        raise NotImplementedError

    def finish(self) -> HttpResponseBase:
        """Do the work, inside one transaction; an AppError rolls it back and shows on the summary."""
        raise NotImplementedError

    # The pages

    def get(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        """Show a step or the summary; begin a run when the address names none."""
        if not self._open():
            return redirect(self._begin())
        asked = request.GET.get("step", "")
        step = self._reachable(asked)
        if step is None:
            return self._show_summary()
        return redirect(self.step_url(step.name)) if step.name != asked else self._show(step, self._form(step))

    def post(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        """Keep a step and go on; on the summary, do the work."""
        if not self._open():
            return redirect(self._begin())
        step = self._reachable(request.GET.get("step", ""))
        if step is None:
            return self._finish()
        form = self._form(step, request.POST)
        self._keep(step, request.POST)
        if "back" in request.POST:
            return redirect(self.step_url(self._neighbor(step, -1)))
        if not form.is_valid():
            return self._show(step, form, status=422)
        self.data[step.name] = form.cleaned_data
        return redirect(self.step_url(self._neighbor(step, +1)))

    # What templates ask

    @property
    def progress(self) -> list[tuple[Step, str, str]]:
        """Each shown step with its state (`done`, `current`, `open`) and the address when it can be reached."""
        current, lines, is_reachable = self._current, [], True
        for step in self._shown():
            state = "current" if step.name == current else "done" if step.name in self.data else "open"
            lines.append((step, state, self.step_url(step.name) if is_reachable else ""))
            is_reachable = is_reachable and step.name in self.data
        return lines

    @property
    def is_summary(self) -> bool:
        """Whether the summary is shown."""
        return self._current == SUMMARY

    @property
    def is_first(self) -> bool:
        """Whether there is nothing to go back to."""
        return self._current == self._shown()[0].name

    @property
    def summary_lines(self) -> list[tuple[SummaryLine, str]]:
        """Each line with the address of its step."""
        return [(line, self.step_url(line.step) if line.step else "") for line in self.summary()]

    @property
    def back_url(self) -> str:
        """The step before the summary."""
        return self.step_url(self._shown()[-1].name)

    def step_url(self, name: str) -> str:
        """Return the address of a step of this run."""
        return f"{self.request.path}?run={self.run}&step={name}"

    # Inside

    @property
    def _key(self) -> str:
        return f"wizard:{self.name}"

    def _begin(self) -> str:
        self.run = secrets.token_urlsafe(9)
        runs = dict(self.request.session.get(self._key, {}))
        runs[self.run] = {}
        # Old runs that nobody finished fall away, oldest first.
        self.request.session[self._key] = dict(list(runs.items())[-MAX_RUNS:])
        return self.step_url(self.steps[0].name)

    def _open(self) -> bool:
        """Load a run and validate its steps anew, as far as they are complete."""
        self.run = self.request.GET.get("run", "")
        if self.run not in self.request.session.get(self._key, {}):
            return False
        self.data, self._current = {}, ""
        for step in self.steps:
            if step.is_shown is not None and not step.is_shown(self.data):
                continue
            entered = self._entered(step)
            if entered is None or not (form := self._form(step, entered)).is_valid():
                break
            self.data[step.name] = form.cleaned_data
        return True

    def _entered(self, step: Step) -> QueryDict | None:
        kept = self.request.session[self._key][self.run].get(step.name)
        if kept is None:
            return None
        entered = QueryDict(mutable=True)
        for name, values in kept.items():
            entered.setlist(name, values)
        return entered

    def _keep(self, step: Step, post: QueryDict) -> None:
        skipped = {"csrfmiddlewaretoken", "back"}
        self.request.session[self._key][self.run][step.name] = {
            name: values for name, values in post.lists() if name not in skipped
        }
        self.request.session.modified = True

    def _form(self, step: Step, entered: QueryDict | None = None) -> BaseForm:
        return step.form(entered, initial=dict(self.initial(step.name)), **self.form_kwargs(step.name))

    def _shown(self) -> list[Step]:
        return [step for step in self.steps if step.is_shown is None or step.is_shown(self.data)]

    def _reachable(self, asked: str) -> Step | None:
        """Return the asked step, or the first incomplete one before it; None for the summary."""
        for step in self._shown():
            if step.name == asked or step.name not in self.data:
                return step
        return None

    def _neighbor(self, step: Step, distance: int) -> str:
        names = [other.name for other in self._shown()]
        at = names.index(step.name) + distance
        return names[max(at, 0)] if at < len(names) else SUMMARY

    def _show(self, step: Step, form: BaseForm, *, status: int = 200) -> HttpResponse:
        entered = self._entered(step)
        if entered is not None and not form.is_bound:
            form = self._form(step, entered) if step.name in self.data else self._refilled(step, entered)
        self._current = step.name
        return render(self.request, step.template, {"wizard": self, "step": step, "form": form}, status=status)

    def _refilled(self, step: Step, entered: QueryDict) -> BaseForm:
        """Show what was entered before, without scolding for what is still missing."""
        initial = {**self.initial(step.name), **entered.dict()}
        return step.form(None, initial=initial, **self.form_kwargs(step.name))

    def _show_summary(self, *, status: int = 200) -> HttpResponse:
        self._current = SUMMARY
        return render(self.request, "webkit/wizard_summary.html", {"wizard": self}, status=status)

    def _finish(self) -> HttpResponseBase:
        if "back" in self.request.POST:
            return redirect(self.back_url)
        try:
            with transaction.atomic():
                response = self.finish()
        except AppError as error:
            self.error = error
            return self._show_summary(status=error.status if error.status != 401 else 422)
        self.request.session[self._key].pop(self.run, None)
        self.request.session.modified = True
        return response
