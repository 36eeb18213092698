"""How the operations on licenses, orders, agreements and seats refuse, for the description of the API.

What every operation may answer (`sign_in_needed`, `not_found`, `invalid`, `rate_limited`, …) stands nowhere here: the
description names it once. `docs/reference/refusals.md` sets the codes beside those of the reference product.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from seatkeep_webkit.errors import AppError

from seatkeep_hub.agreements import errors as agreements
from seatkeep_hub.companies import errors as companies
from seatkeep_hub.licensing import errors as licensing
from seatkeep_hub.msp import errors as msp
from seatkeep_hub.ordering import errors as ordering

Errors = Sequence[type[AppError]]

_LICENSE: Errors = (licensing.LicenseNotFoundError, companies.AccessDeniedError)
_DECIDED: Errors = (*_LICENSE, msp.ApprovalNeededError)
_RUNNING: Errors = (licensing.LicenseStateError, licensing.LicenseExpiredError)
_ORDER: Errors = (
    companies.CompanyNotFoundError,
    companies.AccessDeniedError,
    msp.ApprovalNeededError,
    licensing.BundleNotFoundError,
    licensing.BundleNotAllowedError,
    licensing.NotALicenseOwnerError,
    licensing.LicenseFieldError,
    licensing.TrialNotAllowedError,
    licensing.TrialOpenError,
    ordering.TermsNotAcceptedError,
)
_AGREEMENT: Errors = (
    companies.CompanyNotFoundError,
    companies.AccessDeniedError,
    msp.ApprovalNeededError,
    licensing.LicenseNotFoundError,
    licensing.LicenseStateError,
    licensing.ProductNotInLicenseError,
    licensing.NodeOwnerError,
    licensing.QuantityTooLowError,
    agreements.AgreementFieldError,
    agreements.AgreementCompanyError,
)
REFUSALS: Mapping[str, Errors] = {
    "POST /licenses": _ORDER,
    "POST /orders": (*_ORDER, ordering.OrderFieldError, ordering.TermsNotFoundError),
    "PUT /licenses/{license_id}/seats": (
        *_DECIDED, *_RUNNING, licensing.LicenseFieldError, licensing.QuantityTooLowError,
    ),
    "PUT /licenses/{license_id}/overuse": (*_LICENSE, licensing.LicenseStateError, licensing.LicenseFieldError),
    "POST /licenses/{license_id}/suspend": (*_LICENSE, licensing.LicenseStateError, licensing.LicenseFieldError),
    "POST /licenses/{license_id}/unsuspend": (*_LICENSE, licensing.LicenseStateError),
    "POST /licenses/{license_id}/trial/extend": (
        *_LICENSE, *_RUNNING, licensing.NotATrialError, licensing.TrialExtensionsError,
    ),
    "POST /licenses/{license_id}/trial/convert": (
        *_DECIDED, *_RUNNING, licensing.NotATrialError, licensing.LicenseFieldError, licensing.QuantityTooLowError,
    ),
    "POST /licenses/{license_id}/trial/remove": (*_LICENSE, licensing.LicenseStateError, licensing.NotATrialError),
    "POST /licenses/{license_id}/bundle": (
        *_DECIDED, *_RUNNING, licensing.LicenseFieldError, licensing.QuantityTooLowError, ordering.NotFullError,
        ordering.ChangeUnavailableError, ordering.TermsNotAcceptedError,
    ),
    "POST /agreements": _AGREEMENT,
    "POST /agreements/preview": _AGREEMENT,
    "POST /agreements/runs": (*_AGREEMENT, ordering.BulkNotFoundError),
    "POST /agreements/{agreement_id}/close": (
        agreements.AgreementNotFoundError, companies.AccessDeniedError, msp.ApprovalNeededError,
        licensing.LicenseStateError,
    ),
    "POST /companies/{company_id}/orders": _AGREEMENT,
    "POST /planned-changes": (
        *_DECIDED, *_RUNNING, agreements.AgreementNotFoundError, agreements.AgreementClosedError,
        licensing.LicenseFieldError, ordering.PlanFieldError, ordering.PlanExistsError,
    ),
    "POST /planned-changes/{plan_id}/cancel": (ordering.PlanNotFoundError, ordering.PlanOverError),
    "POST /companies/{company_id}/terms": (companies.CompanyNotFoundError, ordering.TermsNotFoundError),
    "POST /seats/stop": (licensing.TooManySeatsError,),
    "PUT /seats/{seat_id}/name": (licensing.SeatNotFoundError, licensing.SeatNameError),
    "PUT /catalog/products/{code}": (
        licensing.ProductFieldError, licensing.ProductInUseError, licensing.ProductSoldError,
    ),
    "PUT /catalog/bundles/{code}": (licensing.BundleFieldError, licensing.BundleInUseError),
}  # fmt: skip
"""By method and path below `/api/v1`."""
