"""What can be asked for: each kind of request as a command that a service carries out on approval.

A command is plain JSON; ids in it are looked up again when it is carried out, below the company that asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from seatkeep_webkit.actors import Actor

from seatkeep_hub.agreements.enums import AgreementMode
from seatkeep_hub.agreements.services import agreement_set
from seatkeep_hub.companies.models import Company
from seatkeep_hub.licensing.errors import LicenseNotFoundError
from seatkeep_hub.licensing.models import Bundle, License
from seatkeep_hub.licensing.services import license_quantity_change
from seatkeep_hub.msp.enums import RequestKind
from seatkeep_hub.msp.onboarding import company_begin
from seatkeep_hub.ordering.orders import OrderLine, licenses_order

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Command:
    """One kind of request.

    Attributes:
        run: Carries it out and returns the id of what was made or changed. Raises what its service raises.
        words: Says what is asked for, in one line.
    """

    run: Callable[[Actor, Company, Json, datetime], UUID]
    words: Callable[[Company, Json], str]


def command_run(*, actor: Actor, kind: RequestKind | str, about: Company, command: Json, now: datetime) -> UUID:
    """Carry a command out.

    Args:
        actor: In whose name.
        kind: Which command.
        about: The owner of the license, the customer, or the company above the new customer.
        command: Its arguments.
        now: Current time, aware UTC.

    Returns:
        Id of what was made or changed.

    Raises:
        AppError: What the service refuses.
    """
    return COMMANDS[RequestKind(kind)].run(actor, about, command, now)


def command_words(kind: RequestKind | str, about: Company, command: Json) -> str:
    """What is asked for, in one line."""
    return COMMANDS[RequestKind(kind)].words(about, command)


def _order(actor: Actor, about: Company, command: Json, now: datetime) -> UUID:
    made = licenses_order(
        actor=actor,
        owner=about,
        lines=[OrderLine(**line) for line in command["lines"]],
        accepted_terms=[UUID(one) for one in command.get("accepted_terms", ())],
        now=now,
    )
    return made[0].uid


def _order_words(about: Company, command: Json) -> str:
    names = dict(Bundle.objects.values_list("code", "name"))
    lines = [f"{line['quantity']} × {names.get(line['bundle_code'], line['bundle_code'])}" for line in command["lines"]]
    return ", ".join(lines)


def _seats(actor: Actor, about: Company, command: Json, now: datetime) -> UUID:
    license = _license(about, command["license"])
    license_quantity_change(
        actor=actor, license=license, quantity=command["quantity"], note=command.get("note", ""), now=now
    )
    return license.uid


def _seats_words(about: Company, command: Json) -> str:
    license = License.objects.filter(uid=command["license"]).first()
    names = {"license": license.public_id if license else "–", "count": command["quantity"]}
    return ngettext("%(license)s: %(count)s seat", "%(license)s: %(count)s seats", command["quantity"]) % names


def _agreement(actor: Actor, about: Company, command: Json, now: datetime) -> UUID:
    fields = {name: value for name, value in command.items() if name != "license"}
    made = agreement_set(actor=actor, license=_license(about, command["license"]), company=about, now=now, **fields)
    return made.uid


def _agreement_words(about: Company, command: Json) -> str:
    if command["mode"] == AgreementMode.FIXED:
        return _("%(product)s: fixed %(count)s") % {"product": command["product_code"], "count": command["quantity"]}
    return _("%(product)s: flexible") % {"product": command["product_code"]}


def _customer(actor: Actor, about: Company, command: Json, now: datetime) -> UUID:
    return company_begin(actor=actor, parent=about, now=now, **command).company.uid


def _customer_words(about: Company, command: Json) -> str:
    return str(command["name"])


def _license(about: Company, uid: str) -> License:
    """A license that the company owns or shares, looked up anew."""
    found = License.objects.filter(uid=uid, owner_id__in=about.path).select_related("owner", "bundle").first()
    if found is None:
        raise LicenseNotFoundError
    return found


COMMANDS: Mapping[RequestKind, Command] = {
    RequestKind.ORDER: Command(_order, _order_words),
    RequestKind.SEATS: Command(_seats, _seats_words),
    RequestKind.AGREEMENT: Command(_agreement, _agreement_words),
    RequestKind.CUSTOMER: Command(_customer, _customer_words),
}
