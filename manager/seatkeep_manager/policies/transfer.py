"""Policies as a file: what one console wrote another reads, checked in whole before anything is made."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from django.db import transaction
from django.utils.translation import gettext as _
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.errors import AppError

from seatkeep_manager.policies.enums import PolicyProduct
from seatkeep_manager.policies.errors import PolicyFileError
from seatkeep_manager.policies.models import Policy
from seatkeep_manager.policies.services import policy_create

FORMAT_VERSION = 1
FILE_LIMIT_BYTES = 1024 * 1024
POLICIES_LIMIT = 200


class PolicyEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One policy of a file; ids and owners stay behind, they mean nothing elsewhere."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    product: str
    description: str = ""
    settings: dict[str, Any]


class PolicyFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file of policies."""

    format: Literal["seatkeep-policies"] = "seatkeep-policies"
    version: int = FORMAT_VERSION
    policies: Annotated[list[PolicyEntry], msgspec.Meta(min_length=1, max_length=POLICIES_LIMIT)]


def policies_export(policies: Iterable[Policy]) -> dict[str, Any]:
    """Policies as a file says them: the settings in force."""
    entries = [
        PolicyEntry(name=one.name, product=one.product, description=one.description, settings=one.settings)
        for one in policies
    ]
    exported: dict[str, Any] = msgspec.to_builtins(PolicyFile(policies=entries))
    return exported


def policy_file_read(raw: bytes) -> PolicyFile:
    """Read a file.

    Raises:
        PolicyFileError: Too large, no JSON, not of this form, or of a newer one; says where.
    """
    if len(raw) > FILE_LIMIT_BYTES:
        raise PolicyFileError(_("The file has more than 1 MB."))
    try:
        found = msgspec.json.decode(raw, type=PolicyFile)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise PolicyFileError(_("The file is no export of policies: %(reason)s") % {"reason": error}) from error
    if found.version != FORMAT_VERSION:
        raise PolicyFileError(
            _("The file is of version %(v)d, which this console does not know.") % {"v": found.version}
        )
    return found


@transaction.atomic
def policies_import(*, actor: Actor, file: PolicyFile, company_hub_id: uuid.UUID | None, now: datetime) -> list[Policy]:
    """Make every policy of a file, or none; they are assigned to nothing.

    Args:
        actor: Who does it.
        file: As `policy_file_read` gives it.
        company_hub_id: The company that will own them; None: everybody's.
        now: Current time, aware UTC.

    Raises:
        PolicyFileError: Names each policy and setting that does not fit: an unknown product, an unknown setting, a
            value out of bounds.
    """
    made: list[Policy] = []
    faults: dict[str, list[str]] = {}
    for number, entry in enumerate(file.policies, start=1):
        place = f"{number}. {entry.name}"
        try:
            made.append(_make(actor, entry, company_hub_id, now))
        except AppError as error:
            faults[place] = [text for texts in error.fields.values() for text in texts] or [error.detail]
    if faults:
        raise PolicyFileError(_("Some policies of the file do not fit; none was made."), fields=faults)
    return made


def _make(actor: Actor, entry: PolicyEntry, company_hub_id: uuid.UUID | None, now: datetime) -> Policy:
    if entry.product not in PolicyProduct.values:
        raise PolicyFileError(_("There is no product %(name)s.") % {"name": entry.product})
    return policy_create(
        actor=actor,
        name=entry.name,
        product=PolicyProduct(entry.product),
        settings=entry.settings,
        company_hub_id=company_hub_id,
        now=now,
        description=entry.description,
        note=_("Imported"),
    )
