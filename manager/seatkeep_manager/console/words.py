"""Words for codes that devices and the hub report; an unknown code is shown as it is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

REFUSALS: dict[str, Promise] = {
    "no_seat_left": _("No seat is left in the customer's license; raise it in Licensing."),
    "license_suspended": _("The license is suspended in Licensing."),
    "license_expired": _("The license has expired."),
    "company_suspended": _("The customer is suspended in Licensing."),
    "product_not_in_license": _("The license does not contain this product."),
    "license_unknown": _("Licensing does not know the license."),
    "seat_released": _("Licensing has taken the seat back (Stop protecting this computer)."),
    "device_replaced": _("Another installation of this computer took over the seat."),
    "clock_skew": _("The computer's clock is wrong."),
}


def refusal_words(code: str | None) -> str:
    """Why Licensing gave no license, in a sentence."""
    return str(REFUSALS.get(code or "", code or ""))


def lease_facts(lease: dict[str, Any]) -> dict[str, Any]:
    """What the License tab shows of an endpoint's report."""
    return {
        "public_id": lease.get("public_id") or "",
        "product": product_words(lease.get("product") or ""),
        "why": refusal_words(lease.get("error")),
        "soft_expires_at": _instant(lease.get("soft_expires_at_us")),
        "hard_expires_at": _instant(lease.get("hard_expires_at_us")),
    }


def _instant(microseconds: int | None) -> datetime | None:
    return datetime.fromtimestamp(microseconds / 1_000_000, tz=UTC) if microseconds else None


REASONS: dict[str, Promise] = {
    "NO_ENDPOINT": _("No protection product is installed."),
    "LICENSE_MISSING": _("There is no license on this computer."),
    "LICENSE_LAPSED": _("The license on this computer has lapsed."),
    "LICENSE_STOPPED": _("The license ended and protection stopped."),
    "ENGINE_STOPPED": _("The engine does not run."),
    "ON_ACCESS_STOPPED": _("On-access protection does not run."),
    "SIGNATURES_MISSING": _("There are no signatures."),
    "SIGNATURES_OLD": _("The signatures are too old."),
    "THREAT_OPEN": _("A detection is not handled."),
    "NO_ON_ACCESS": _("This engine scans on demand and by schedule only."),
    "TEST_RULES_ONLY": _("The engine has test rules only; real malware is not found yet."),
}


def reason_words(codes: list[str]) -> list[str]:
    """Why a computer is not fully protected, in sentences."""
    return [str(REASONS.get(code, code)) for code in codes]


TASKS: dict[str, Promise] = {
    "SCAN": _("Scan"),
    "ACTIVATE": _("License this computer"),
    "QUARANTINE_RESTORE": _("Restore from quarantine"),
    "QUARANTINE_DELETE": _("Delete from quarantine"),
    "INVENTORY": _("Take inventory"),
    "RUN_COMMAND": _("Run command"),
    "SIGNATURES_UPDATE": _("Update signatures"),
    "MESSAGE": _("Show a message"),
    "RESTART": _("Restart"),
    "SHUTDOWN": _("Shut down"),
    "EXPORT_CONFIGURATION": _("Export configuration"),
    "COLLECT_LOGS": _("Collect logs"),
    "ISOLATE": _("Isolate from the network"),
    "RELEASE": _("Release from isolation"),
    "SOFTWARE_INSTALL": _("Install software"),
    "SOFTWARE_UNINSTALL": _("Remove software"),
}


PRODUCTS: dict[str, Promise] = {
    "endpoint-workstation": _("Workstation protection"),
    "endpoint-server": _("Server protection"),
}


CHOICES = {"yara": "YARA-X", "clamd": "ClamAV"}
"""Names of what a setting may be; names of products are not translated."""


def product_words(code: str) -> str:
    """A product's name; a code that no release of this program knew is shown as it is."""
    return str(PRODUCTS.get(code, code))
