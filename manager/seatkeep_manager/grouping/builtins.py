"""The templates that come with the program. One that exists is never changed by a newer release, since it is in use."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from importlib.resources import files
from typing import Any

import msgspec
from django.db import transaction
from seatkeep_webkit.actors import Actor

from seatkeep_manager.grouping.models import GroupTemplate
from seatkeep_manager.grouping.services import template_create


class Builtin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One template of `builtins.json`; `code` never changes its meaning."""

    code: str
    name: str
    description: str
    operation: str
    rules: list[dict[str, Any]]


def builtins_load() -> Sequence[Builtin]:
    """Read the templates that this release brings."""
    return msgspec.json.decode(files(__package__).joinpath("builtins.json").read_bytes(), type=list[Builtin])


@transaction.atomic
def builtins_ensure(*, now: datetime) -> int:
    """Make the built-in templates that are not there yet; returns how many. Idempotent."""
    there = set(GroupTemplate.objects.filter(builtin__isnull=False).values_list("builtin", flat=True))
    missing = [one for one in builtins_load() if one.code not in there]
    for one in missing:
        made = template_create(
            actor=Actor.system("built-in templates"), name=one.name, operation=one.operation, conditions=one.rules,
            company_hub_id=None, now=now, description=one.description,
        )  # fmt: skip
        made.builtin = one.code
        made.save(update_fields=["builtin"])
    return len(missing)
