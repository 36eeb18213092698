"""The instance's own identity: its uid, the root key that agents pin, the key that signs documents."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from seatkeep_license.keys import SigningKey

from seatkeep_manager.directory.models import Instance
from seatkeep_manager.directory.services import version_at


@dataclass(frozen=True)
class InstanceKeys:
    """The private keys of this instance; only the publisher signs with them."""

    root: SigningKey
    state: SigningKey


def instance_ensure(*, now: datetime) -> Instance:
    """The one row of this instance; made with new keys at first call. Idempotent, safe when raced."""
    return Instance.objects.first() or _instance_make(now)


@transaction.atomic
def _instance_make(now: datetime) -> Instance:
    fresh = Instance(
        root_key=SigningKey.generate().seed,
        state_key=SigningKey.generate().seed,
        keys_version=version_at(now),
        created_at=now,
    )
    Instance.objects.bulk_create([fresh], ignore_conflicts=True)
    return Instance.objects.get(pk=1)


def instance_keys(instance: Instance) -> InstanceKeys:
    """The instance's keys, decrypted."""
    return InstanceKeys(
        root=SigningKey.from_seed(bytes(instance.root_key)),
        state=SigningKey.from_seed(bytes(instance.state_key)),
    )
