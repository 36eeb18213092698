"""Kinds of client tasks and their parameters."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any

import msgspec

from seatkeep_protocol.errors import TaskParamsError
from seatkeep_protocol.vocabulary import ScanMethod

Path = Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]


class TaskKind(StrEnum):
    """What a client task does."""

    SCAN = "SCAN"
    ACTIVATE = "ACTIVATE"
    QUARANTINE_RESTORE = "QUARANTINE_RESTORE"
    QUARANTINE_DELETE = "QUARANTINE_DELETE"
    RUN_COMMAND = "RUN_COMMAND"
    INVENTORY = "INVENTORY"
    SIGNATURES_UPDATE = "SIGNATURES_UPDATE"
    MESSAGE = "MESSAGE"
    RESTART = "RESTART"
    EXPORT_CONFIGURATION = "EXPORT_CONFIGURATION"

    @property
    def default_life(self) -> timedelta:
        """How long a task of this kind waits for an offline device, unless its maker says otherwise."""
        return _LIVES.get(self, timedelta(days=7))


_LIVES = {
    TaskKind.ACTIVATE: timedelta(days=30),
    TaskKind.RUN_COMMAND: timedelta(days=1),
    TaskKind.INVENTORY: timedelta(days=1),
    TaskKind.MESSAGE: timedelta(hours=8),
    TaskKind.RESTART: timedelta(hours=12),
    TaskKind.EXPORT_CONFIGURATION: timedelta(days=1),
}


class ScanParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Scan `targets` (absolute paths); the endpoint's own targets when empty.

    `method` stands in documents only when it is not our own engine, so that older agents do what they know.
    """

    targets: Annotated[list[Path], msgspec.Meta(max_length=256)] = []
    is_quarantining: bool = True
    method: ScanMethod | msgspec.UnsetType = msgspec.UNSET


class ActivateParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Take a seat with the ticket in the device document's `license`."""

    product: str


class QuarantineParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Restore or delete one quarantined file; `is_excluding` keeps a restored one from being found again."""

    item: uuid.UUID
    is_excluding: bool = False


class RunCommandParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Run a program with arguments, without a shell; only where agent policy allows it."""

    argv: Annotated[list[str], msgspec.Meta(min_length=1, max_length=64)]
    timeout_seconds: Annotated[int, msgspec.Meta(ge=1, le=3600)] = 300


class InventoryParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Send a full inventory now."""


class SignaturesParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Fetch the newest signatures now."""


class MessageParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Show a message to whoever is signed in; fails where nobody is."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]


class RestartParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Restart after a notice; `text` is shown to whoever is signed in, `delay_minutes` is their time to save."""

    text: Annotated[str, msgspec.Meta(max_length=1000)] = ""
    delay_minutes: Annotated[int, msgspec.Meta(ge=1, le=720)] = 10


class ExportConfigurationParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Tell every setting in force, of agent and endpoint."""


Params = (
    ScanParams
    | ActivateParams
    | QuarantineParams
    | RunCommandParams
    | InventoryParams
    | SignaturesParams
    | MessageParams
    | RestartParams
    | ExportConfigurationParams
)

PARAMS_TYPES: dict[TaskKind, type[Params]] = {
    TaskKind.SCAN: ScanParams,
    TaskKind.ACTIVATE: ActivateParams,
    TaskKind.QUARANTINE_RESTORE: QuarantineParams,
    TaskKind.QUARANTINE_DELETE: QuarantineParams,
    TaskKind.RUN_COMMAND: RunCommandParams,
    TaskKind.INVENTORY: InventoryParams,
    TaskKind.SIGNATURES_UPDATE: SignaturesParams,
    TaskKind.MESSAGE: MessageParams,
    TaskKind.RESTART: RestartParams,
    TaskKind.EXPORT_CONFIGURATION: ExportConfigurationParams,
}

GROUP_KINDS = (
    TaskKind.SCAN, TaskKind.SIGNATURES_UPDATE, TaskKind.INVENTORY, TaskKind.MESSAGE, TaskKind.RESTART,
    TaskKind.EXPORT_CONFIGURATION,
)  # fmt: skip
"""What a whole group can be asked; the others concern one device's seat or file."""


def params_decode(kind: TaskKind, params: Mapping[str, Any]) -> Params:
    """Read the parameters of a task.

    Raises:
        TaskParamsError: A field is missing, unknown or wrong; the message names it.
    """
    try:
        return msgspec.convert(params, PARAMS_TYPES[kind])
    except msgspec.ValidationError as error:
        raise TaskParamsError(str(error)) from error


def params_encode(params: Params) -> dict[str, Any]:
    """Return parameters as they stand in a device document and in JSON."""
    encoded: dict[str, Any] = msgspec.to_builtins(params)
    return encoded
