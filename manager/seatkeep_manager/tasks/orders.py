"""What the manager adds to an order, and what it asks back before it takes one that cuts people off."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from seatkeep_protocol.tasks import TaskKind
from seatkeep_webkit.actors import Actor

from seatkeep_manager.directory.enums import Functionality
from seatkeep_manager.tasks.errors import ServerNotConfirmedError, TaskParamsInvalidError
from seatkeep_manager.tasks.models import ClientTask, SoftwarePackage

SERVER_ASKED = frozenset({TaskKind.ISOLATE, TaskKind.SHUTDOWN})
"""For servers these need a confirmation of their own."""

PROGRAMS = frozenset({TaskKind.RUN_COMMAND, TaskKind.SOFTWARE_INSTALL, TaskKind.SOFTWARE_UNINSTALL})
"""What runs programs with the rights of the agent."""


def params_complete(kind: str, params: Mapping[str, Any], *, actor: Actor, is_server_confirmed: bool) -> dict[str, Any]:
    """The parameters as the device gets them.

    Who isolates and whether servers were confirmed is not the caller's to write; software comes from the list of
    packages only, by `package` (its uid) or, when an order is repeated, by the very file.

    Raises:
        TaskParamsInvalidError: The package is not on the list.
    """
    given = dict(params)
    if kind == TaskKind.ISOLATE:
        given = {**given, "by": actor.label[:255], "is_for_servers": is_server_confirmed}
    if kind == TaskKind.SOFTWARE_INSTALL:
        given = _listed(given)
    return given


def servers_check(kind: str, servers: int, *, is_confirmed: bool) -> None:
    """Ask back before servers are cut off or turned off.

    Raises:
        ServerNotConfirmedError: There are some, and nobody confirmed it.
    """
    if kind in SERVER_ASKED and servers and not is_confirmed:
        raise ServerNotConfirmedError(servers)


def _listed(given: Mapping[str, Any]) -> dict[str, Any]:
    packages = SoftwarePackage.objects.filter(removed_at__isnull=True)
    if "package" in given:
        found = packages.filter(uid=_uid(given["package"])).first()
    else:
        found = packages.filter(url=str(given.get("url", "")), sha256=str(given.get("sha256", ""))).first()
    if found is None:
        raise TaskParamsInvalidError(fields={"params": ["There is no such package on the list of software."]})
    return {
        "name": f"{found.name} {found.version}".strip(), "format": found.format, "url": found.url,
        "sha256": found.sha256,
    }  # fmt: skip


def _uid(value: object) -> UUID:
    try:
        return UUID(str(value))
    except ValueError as error:
        raise TaskParamsInvalidError(fields={"params": ["`package` is the uid of a package."]}) from error


def audit_details(task: ClientTask) -> dict[str, str]:
    """What the audit log says of an order besides its kind: never the text of a command, which may hold secrets."""
    if task.kind == TaskKind.ISOLATE:
        return {"reason": str(task.params.get("reason", ""))[:200]}
    if task.kind == TaskKind.RUN_COMMAND:
        text = msgspec.json.encode([task.params.get("argv", []), task.params.get("script", "")])
        return {"sha256": hashlib.sha256(text).hexdigest()}
    if task.kind in (TaskKind.SOFTWARE_INSTALL, TaskKind.SOFTWARE_UNINSTALL):
        return {"software": str(task.params.get("name") or task.params.get("package"))[:200]}
    return {}


def functionality_of(kind: str) -> Functionality:
    """What a person must be allowed to use in order to order a task: programs of one's own choosing need more."""
    return Functionality.COMMANDS if kind in PROGRAMS else Functionality.CLIENT_TASKS
