"""The NinjaAPI: authentication, errors as problem+json, routes; described at `/api/v1/docs` without internet."""

from __future__ import annotations

from seatkeep_webkit.openapi import DescribedApi
from seatkeep_webkit.problems import install_error_handlers

from seatkeep_hub.api.auth import EVERYONE
from seatkeep_hub.api.refusals import REFUSALS
from seatkeep_hub.api.routes import (
    access,
    agreements,
    agreements_of_many,
    alerts,
    audit,
    billing,
    catalog,
    closing,
    companies,
    company_acts,
    imports,
    license_acts,
    licenses,
    link,
    managers,
    ordering,
    papers,
    people,
    programs,
    reports,
    requests,
    seat_acts,
    seats,
)

api = DescribedApi(
    title="Seatkeep Licensing",
    version="1",
    description="Everything that a person can do in Licensing, for programs, and what a linked console calls.",
    auth=EVERYONE,
    urls_namespace="api-v1",
    refusals=REFUSALS,
)
install_error_handlers(api)
for one in (
    link,
    managers,
    companies,
    company_acts,
    imports,
    seat_acts,  # Before what ends in an id: `/seats/runs` is none.
    licenses,
    license_acts,
    ordering,
    catalog,
    agreements_of_many,  # Before what ends in an id.
    agreements,
    closing,  # Before what ends in an id.
    billing,
    papers,
    reports,
    seats,
    people,
    access,
    alerts,
    programs,
    requests,
    audit,
):
    api.add_router("", one.router)
