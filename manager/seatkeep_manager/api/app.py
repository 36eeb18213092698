"""The API: one NinjaAPI, routers by area, problem+json errors, OpenAPI 3.1 at /api/v1/openapi.json."""

from __future__ import annotations

from ninja import NinjaAPI
from seatkeep_webkit.problems import install_error_handlers

from seatkeep_manager.api.auth import AUTH
from seatkeep_manager.api.routes import (
    api_clients,
    audit,
    customers,
    device_acts,
    devices,
    groups,
    installers,
    linking,
    policies,
    policy_rollouts,
    problems,
    protection,
    rights,
    rollout,
    set_ups,
)

api = NinjaAPI(
    title="Seatkeep Console",
    version="1",
    urls_namespace="api-v1",
    auth=AUTH,
    docs_url=None,
    description="Everything that a person can do in the console. Ids are uids; lists page by cursor.",
)
install_error_handlers(api)
for area in (
    device_acts,
    devices,
    groups,
    set_ups,
    customers,
    linking,
    problems,
    protection,
    rights,
    api_clients,
    audit,
    policies,
    policy_rollouts,
    rollout,
    installers,
):
    api.add_router("", area.router)
