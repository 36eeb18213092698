"""Named states of companies and of access to them."""

from django.db.models import IntegerChoices, TextChoices
from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.roles import AccessLevel, Right, Role

__all__ = ["AccessLevel", "AdvisoryLock", "CompanyKind", "CompanyStatus", "FeedKind", "Right", "Role"]


class CompanyKind(TextChoices):
    """What a company is in the chain; who may create whom is in `rules.CHILD_KINDS`."""

    VENDOR = "VENDOR", _("Vendor")
    DISTRIBUTOR = "DISTRIBUTOR", _("Distributor")
    DIVISION = "DIVISION", _("Division")
    MSP_MANAGER = "MSP_MANAGER", _("MSP manager")
    MSP = "MSP", _("MSP")
    MANAGED_MSP = "MANAGED_MSP", _("Managed MSP")
    CUSTOMER = "CUSTOMER", _("Customer")
    BUSINESS = "BUSINESS", _("Business")


class CompanyStatus(TextChoices):
    """Life of a company."""

    ACTIVE = "ACTIVE", _("Active")
    WAITING = "WAITING", _("Waiting for confirmation")
    SUSPENDED = "SUSPENDED", _("Suspended")
    REMOVED = "REMOVED", _("Removed")


class FeedKind(TextChoices):
    """What a feed entry is about (docs/reference/wire.md, section 5)."""

    COMPANY = "company", _("company")
    LICENSE = "license", _("license")
    NODE = "node", _("customer's seats")
    SEAT = "seat", _("seat that a person stopped or resumed")


class AdvisoryLock(IntegerChoices):
    """Numbers of PostgreSQL advisory locks."""

    COMPANY_TREE = 7301, _("company tree")
