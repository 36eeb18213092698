"""Forms about computers: where they go, and after how long silence their seat does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from seatkeep_hub.companies.models import Company
from seatkeep_hub.upkeep.stale import DAYS_WITHOUT_RULE, FEWEST_DAYS, MOST_DAYS

NONE, PROPOSE, RELEASE = "NONE", "PROPOSE", "RELEASE"


class MoveForm(forms.Form):
    """Where computers go."""

    company = forms.ModelChoiceField(label=_("Customer"), queryset=Company.objects.none(), to_field_name="uid")
    site = forms.CharField(
        label=_("Site"), max_length=200, required=False, help_text=_("Empty for the customer as a whole.")
    )

    def __init__(self, *args: Any, companies: QuerySet[Company], **more: Any) -> None:
        super().__init__(*args, **more)
        field = self.fields["company"]
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = companies


class StaleRuleForm(forms.Form):
    """After how many days without contact a seat is proposed for release, or released."""

    act = forms.ChoiceField(
        label=_("A computer that was silent for long"),
        choices=[
            (NONE, _("as the company above says, else proposed after %(days)s days") % {"days": DAYS_WITHOUT_RULE}),
            (PROPOSE, _("is proposed in the month's review")),
            (RELEASE, _("gives its seat back by itself")),
        ],
        widget=forms.RadioSelect,
    )
    days = forms.IntegerField(label=_("After so many days"), min_value=FEWEST_DAYS, max_value=MOST_DAYS, initial=90)


WORDS = {
    ("HARDWARE", "REPLACED"): _("Yes. The new entry takes the former one's place, whose seat is given back."),
    ("HARDWARE", "KEPT"): _("Yes, but the former one is right. The new entry's seat is given back."),
    ("HARDWARE", "BOTH"): _("No, these are two computers. Both keep their seats."),
    ("CLONE", "KEPT"): _("No, it is one. Whoever holds the seat now keeps it."),
    ("CLONE", "REPLACED"): _("Yes. Stop both; each is then set up anew and takes a seat of its own."),
}


class QuestionForm(forms.Form):
    """The answer to a question about a computer."""

    answer = forms.ChoiceField(label=_("Answer"), choices=[], widget=forms.RadioSelect)

    def __init__(self, *args: Any, kind: str, answers: Sequence[str], **more: Any) -> None:
        super().__init__(*args, **more)
        field = self.fields["answer"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [(str(one), WORDS[kind, str(one)]) for one in answers]
            field.initial = str(answers[0])
