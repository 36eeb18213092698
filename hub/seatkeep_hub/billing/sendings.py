"""Sent marks: nobody sends a statement to the same receiver twice without knowing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _
from seatkeep_webkit.actors import Actor

from seatkeep_hub.billing.enums import StatementState
from seatkeep_hub.billing.errors import SendingFieldError, StatementDraftError, StatementSentError
from seatkeep_hub.billing.journal import record
from seatkeep_hub.billing.models import Statement, StatementSending


@transaction.atomic
def statements_mark_sent(
    *,
    actor: Actor,
    statements: Sequence[Statement],
    sent_to: str,
    now: datetime,
    layout_name: str = "",
    is_again: bool = False,
) -> list[StatementSending]:
    """Mark closed statements as sent to a receiver, all or none.

    Args:
        actor: Who sent them; whether they may is the caller's look-up.
        statements: Closed ones, in any order.
        sent_to: Who got them, such as the name of the accounting; capital letters make no other receiver.
        now: Current time, aware UTC.
        layout_name: In which form.
        is_again: Whether they are meant to be sent once more.

    Raises:
        SendingFieldError: The receiver is missing.
        StatementDraftError: One of them is not closed.
        StatementSentError: One was sent to this receiver already, and `is_again` is not said.
    """
    sent_to = " ".join(sent_to.split())
    if not 0 < len(sent_to) <= 100:
        raise SendingFieldError(fields={"sent_to": [_("Who got it, in at most 100 letters.")]})
    pks = {one.pk for one in statements}
    locked = Statement.objects.select_for_update(of=("self",)).select_related("seller", "buyer").order_by("id")
    found = list(locked.filter(pk__in=pks))
    if any(one.state != StatementState.CLOSED for one in found):
        raise StatementDraftError
    earlier = set(StatementSending.objects.filter(statement__in=pks, sent_to__iexact=sent_to).values_list("statement"))
    if earlier and not is_again:
        raise StatementSentError
    made = [_sending(actor, one, sent_to, layout_name, (one.pk,) in earlier, now) for one in found]
    return StatementSending.objects.bulk_create(made)


def _sending(
    actor: Actor, statement: Statement, sent_to: str, layout_name: str, is_again: bool, now: datetime
) -> StatementSending:
    details = {"buyer": statement.buyer.name, "month": f"{statement.month_on:%Y-%m}", "to": sent_to}
    record(actor, "statement:send", "statement", str(statement.uid), statement.seller, details, now)
    return StatementSending(
        statement=statement,
        sent_to=sent_to,
        layout=layout_name[:100],
        is_again=is_again,
        sender=actor.label[:200],
        sent_at=now,
    )
