"""What may be ordered at a company and below it, as the companies above allow."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import QuerySet

from seatkeep_hub.companies import rules as company_rules
from seatkeep_hub.companies.errors import CompanyFieldError
from seatkeep_hub.companies.models import Company
from seatkeep_hub.licensing.models import Bundle


def bundles_known_check(codes: Collection[str] | None) -> None:
    """See that every code is one of a bundle; None allows everything.

    Raises:
        CompanyFieldError: At `allowed_bundles`: some are not.
    """
    unknown = sorted(set(codes or ()) - set(Bundle.objects.filter(code__in=codes or ()).values_list("code", flat=True)))
    if unknown:
        raise CompanyFieldError(fields={"allowed_bundles": [f"Not known: {', '.join(unknown[:10])}."]})


def bundles_allowed(company: Company) -> QuerySet[Bundle]:
    """Bundles that may be ordered at this company, by name."""
    limits = Company.objects.filter(pk__in=company.path).values_list("allowed_bundles", flat=True)
    allowed = company_rules.allowed_codes(limits)
    found = Bundle.objects.order_by("name")
    return found if allowed is None else found.filter(code__in=allowed)
