"""The policies that come with the program: a good start, locked, to be assigned as they are or duplicated.

One that exists is never changed by a newer release, since computers obey it; a better one comes under a new code.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from importlib.resources import files
from typing import Any

import msgspec
from django.db import transaction
from seatkeep_webkit.actors import Actor

from seatkeep_manager.policies.enums import PolicyProduct
from seatkeep_manager.policies.models import Policy
from seatkeep_manager.policies.services import policy_create


class Builtin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One policy of `builtins.json`; `code` never changes its meaning."""

    code: str
    name: str
    product: str
    description: str
    settings: dict[str, Any]


def builtins_load() -> Sequence[Builtin]:
    """Read the policies that this release brings."""
    return msgspec.json.decode(files(__package__).joinpath("builtins.json").read_bytes(), type=list[Builtin])


@transaction.atomic
def builtins_ensure(*, now: datetime) -> int:
    """Make the built-in policies that are not there yet; returns how many. Idempotent, safe when raced."""
    wanted = builtins_load()
    there = set(Policy.objects.filter(builtin__isnull=False).values_list("builtin", flat=True))
    missing = [one for one in wanted if one.code not in there]
    for one in missing:
        made = policy_create(
            actor=Actor.system("built-in policies"),
            name=one.name,
            product=PolicyProduct(one.product),
            settings=one.settings,
            company_hub_id=None,
            now=now,
            description=one.description,
        )
        made.builtin = one.code
        made.save(update_fields=["builtin"])
    return len(missing)
