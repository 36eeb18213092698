"""Kinds of client tasks and their parameters."""

from __future__ import annotations

import ipaddress
import uuid
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any

import msgspec

from seatkeep_protocol.errors import TaskKindUnknownError, TaskParamsError
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
    SHUTDOWN = "SHUTDOWN"
    EXPORT_CONFIGURATION = "EXPORT_CONFIGURATION"
    COLLECT_LOGS = "COLLECT_LOGS"
    ISOLATE = "ISOLATE"
    RELEASE = "RELEASE"
    SOFTWARE_INSTALL = "SOFTWARE_INSTALL"
    SOFTWARE_UNINSTALL = "SOFTWARE_UNINSTALL"

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
    TaskKind.SHUTDOWN: timedelta(hours=12),
    TaskKind.EXPORT_CONFIGURATION: timedelta(days=1),
    TaskKind.COLLECT_LOGS: timedelta(days=1),
    TaskKind.ISOLATE: timedelta(days=1),
    TaskKind.SOFTWARE_INSTALL: timedelta(days=30),
    TaskKind.SOFTWARE_UNINSTALL: timedelta(days=30),
}


class Interpreter(StrEnum):
    """Who reads a script."""

    SH = "SH"
    BASH = "BASH"
    PYTHON = "PYTHON"
    POWERSHELL = "POWERSHELL"
    CMD = "CMD"


class PackageFormat(StrEnum):
    """Who installs a package: dpkg, rpm, Windows Installer."""

    DEB = "DEB"
    RPM = "RPM"
    MSI = "MSI"


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


class RunCommandParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Run a program with arguments and no shell, or a script; only where agent policy allows it.

    Raises:
        ValueError: Both, or neither.
    """

    argv: Annotated[list[str], msgspec.Meta(max_length=64)] = []
    script: Annotated[str, msgspec.Meta(max_length=6000)] = ""
    interpreter: Interpreter = Interpreter.SH
    timeout_seconds: Annotated[int, msgspec.Meta(ge=1, le=3600)] = 300

    def __post_init__(self) -> None:
        if bool(self.argv) == bool(self.script.strip()):
            raise ValueError("Name a program or a script.")


class InventoryParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Send a full inventory now."""


class SignaturesParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Fetch the newest signatures now."""


class MessageParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Show a message to whoever is signed in; fails where nobody is."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]


class PowerParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Restart or shut down after a notice.

    Attributes:
        text: Shown to whoever is signed in.
        delay_minutes: Their time to save.
        defers: How often they may say "not now".
        defer_minutes: How long each "not now" puts it off.
    """

    text: Annotated[str, msgspec.Meta(max_length=1000)] = ""
    delay_minutes: Annotated[int, msgspec.Meta(ge=1, le=720)] = 10
    defers: Annotated[int, msgspec.Meta(ge=0, le=10)] = 0
    defer_minutes: Annotated[int, msgspec.Meta(ge=5, le=1440)] = 60


class IsolateParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Cut the device off the network, or keep it cut off for longer.

    Attributes:
        by: Who ordered it, as the device shows it.
        reason: Why, as the device shows it.
        hours: When it ends by itself.
        allow: Networks (`192.0.2.7`, `192.0.2.0/24`, `2001:db8::/64`) that stay open both ways.
        is_for_servers: Servers obey too; without it a server refuses.

    Raises:
        ValueError: An entry of `allow` is no network.
    """

    by: Annotated[str, msgspec.Meta(max_length=255)] = ""
    reason: Annotated[str, msgspec.Meta(max_length=500)] = ""
    hours: Annotated[int, msgspec.Meta(ge=1, le=720)] = 24
    allow: Annotated[list[Annotated[str, msgspec.Meta(max_length=64)]], msgspec.Meta(max_length=64)] = []
    is_for_servers: bool = False

    def __post_init__(self) -> None:
        for network in self.allow:
            ipaddress.ip_network(network, strict=False)


class ReleaseParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """End the isolation now."""


class CollectLogsParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Send the logs of agent and endpoint to the manager."""


class SoftwareInstallParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Install a package, or a newer version of one, from a file of exactly this content.

    Attributes:
        name: How people call it.
        url: Where the file is; `https://` only.
        sha256: Of the file.
    """

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
    format: PackageFormat
    url: Annotated[str, msgspec.Meta(pattern=r"^https://[^\s]+$", max_length=2000)]
    sha256: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]


class SoftwareUninstallParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Remove a package by the name, or the Windows product code, that its package manager has for it."""

    format: PackageFormat
    package: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9{][A-Za-z0-9{}+._:~-]*$", max_length=255)]


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
    | PowerParams
    | ExportConfigurationParams
    | CollectLogsParams
    | IsolateParams
    | ReleaseParams
    | SoftwareInstallParams
    | SoftwareUninstallParams
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
    TaskKind.RESTART: PowerParams,
    TaskKind.SHUTDOWN: PowerParams,
    TaskKind.EXPORT_CONFIGURATION: ExportConfigurationParams,
    TaskKind.COLLECT_LOGS: CollectLogsParams,
    TaskKind.ISOLATE: IsolateParams,
    TaskKind.RELEASE: ReleaseParams,
    TaskKind.SOFTWARE_INSTALL: SoftwareInstallParams,
    TaskKind.SOFTWARE_UNINSTALL: SoftwareUninstallParams,
}

GROUP_KINDS = (
    TaskKind.SCAN, TaskKind.SIGNATURES_UPDATE, TaskKind.INVENTORY, TaskKind.MESSAGE, TaskKind.RESTART,
    TaskKind.SHUTDOWN, TaskKind.RUN_COMMAND, TaskKind.ISOLATE, TaskKind.RELEASE, TaskKind.SOFTWARE_INSTALL,
    TaskKind.SOFTWARE_UNINSTALL, TaskKind.COLLECT_LOGS, TaskKind.EXPORT_CONFIGURATION,
)  # fmt: skip
"""What a whole group can be asked; the others concern one device's seat or file."""


def params_decode(kind: str, params: Mapping[str, Any]) -> Params:
    """Read the parameters of a task.

    Raises:
        TaskKindUnknownError: There is no such kind, or not yet.
        TaskParamsError: A field is missing, unknown or wrong; the message names it.
    """
    if kind not in PARAMS_TYPES:
        raise TaskKindUnknownError(f"There is no task {kind[:100]!r}.")
    try:
        return msgspec.convert(params, PARAMS_TYPES[TaskKind(kind)])
    except msgspec.ValidationError as error:
        raise TaskParamsError(str(error)) from error


def params_encode(params: Params) -> dict[str, Any]:
    """Return parameters as they stand in a device document and in JSON."""
    encoded: dict[str, Any] = msgspec.to_builtins(params)
    return encoded
