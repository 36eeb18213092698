"""What a key's installer consists of: commands, settings files, scripts."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from seatkeep_manager.api.auth import caller
from seatkeep_manager.api.schemas import KitOut
from seatkeep_manager.deployment.kits import Kit, kit_make
from seatkeep_manager.deployment.payload import Edition, Package
from seatkeep_manager.deployment.rules import MAX_GROUP_CHARACTERS, MAX_PROXY_CHARACTERS, System, Wish
from seatkeep_manager.enrollment.selectors import token_get

router = Router(tags=["Rollout"])


@router.get("/installers/{uuid:uid}/kit", response=KitOut, summary="Commands, settings files and scripts of a key")
def installer_kit(
    request: HttpRequest,
    response: HttpResponse,
    uid: UUID,
    system: System = System.WINDOWS,
    edition: Edition = Edition.ENDPOINT,
    group: Annotated[str, Query(max_length=MAX_GROUP_CHARACTERS)] = "",
    proxy: Annotated[str, Query(max_length=MAX_PROXY_CHARACTERS)] = "",
) -> dict[str, Any]:
    """Everything that the console's page of the key offers; whoever may change the key's group sees the key in it.

    `group` names the groups from the customer's down, such as `Office/Reception`, `proxy` an address like `http://proxy:3128`.
    """
    token = token_get(caller(request), uid=uid)
    response["Cache-Control"] = "no-store"
    return _told(kit_make(key=token.secret, wish=Wish(system=system, edition=edition, group=group, proxy=proxy)))


def _told(kit: Kit) -> dict[str, Any]:
    package = kit.package.payload if isinstance(kit.package, Package) else kit.package
    return {
        "live_command": kit.live_command,
        "package": package and {
            "name": package.path.name, "path": f"/install/{package.path.name}", "size_bytes": package.size_bytes,
            "sha256": package.sha256,
        },
        "package_command": kit.package_command or None,
        "files": kit.files,
        "version": kit.version,
    }  # fmt: skip
