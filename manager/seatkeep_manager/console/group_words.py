"""Rules of dynamic groups in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from seatkeep_protocol.device_status import SYMBOLS, Symbol, ValueType
from seatkeep_protocol.membership import OPERATORS, Operator

from seatkeep_manager.directory.enums import DeviceKind, ProtectionStatus

TABLES: Mapping[str, Promise] = {
    "device": _("Computer"),
    "agent": _("Agent"),
    "os": _("Operating system"),
    "hardware": _("Hardware"),
    "disk": _("Disks"),
    "network": _("Network cards"),
    "software": _("Installed software"),
    "protection": _("Protection"),
    "reason": _("Why it is not protected"),
    "engine": _("Engine"),
    "endpoint": _("Endpoint product"),
    "license": _("License"),
    "setting_error": _("Settings that failed"),
}
FIELDS: Mapping[str, Promise] = {
    "device.name": _("name"),
    "device.kind": _("kind"),
    "device.domain": _("domain"),
    "device.last_user": _("last user"),
    "agent.version": _("version"),
    "os.family": _("family"),
    "os.name": _("name"),
    "os.version": _("version"),
    "os.edition": _("edition"),
    "os.build": _("build"),
    "os.architecture": _("architecture"),
    "hardware.manufacturer": _("manufacturer"),
    "hardware.model": _("model"),
    "hardware.serial": _("serial number"),
    "hardware.cpu": _("processor"),
    "hardware.cpu_cores": _("processor cores"),
    "hardware.memory": _("memory (GiB)"),
    "disk.mount": _("mounted at"),
    "disk.size": _("size (GiB)"),
    "disk.free": _("free (GiB)"),
    "disk.free_percent": _("free (%)"),
    "network.name": _("name"),
    "network.mac": _("MAC address"),
    "network.address": _("IP address"),
    "software.name": _("name"),
    "software.version": _("version"),
    "software.vendor": _("vendor"),
    "protection.status": _("status"),
    "protection.open_threats": _("open detections"),
    "reason.code": _("reason"),
    "engine.name": _("name"),
    "engine.version": _("version"),
    "engine.is_running": _("running"),
    "engine.is_on_access_running": _("on-access running"),
    "engine.signature_age": _("age of signatures (days)"),
    "endpoint.version": _("version"),
    "license.state": _("state"),
    "license.public_id": _("license"),
    "license.error": _("refusal"),
    "setting_error.name": _("setting"),
}
_IS = {
    Operator.EQUAL: (_("is"), _("is another than")),
    Operator.GREATER: (_("is more than"), _("is not more than")),
    Operator.GREATER_OR_EQUAL: (_("is at least"), _("is not at least")),
    Operator.LESS: (_("is less than"), _("is not less than")),
    Operator.LESS_OR_EQUAL: (_("is at most"), _("is not at most")),
    Operator.CONTAINS: (_("contains"), _("does not contain")),
    Operator.STARTS_WITH: (_("starts with"), _("does not start with")),
    Operator.ENDS_WITH: (_("ends with"), _("does not end with")),
    Operator.IN: (_("is one of"), _("is none of")),
    Operator.IN_NETWORK: (_("is in the network"), _("is not in the network")),
}
_CHOICES: Mapping[str, Promise | str] = {
    **dict(DeviceKind.choices),
    **dict(ProtectionStatus.choices),
    "WINDOWS": _("Windows"),
    "LINUX": _("Linux"),
    "MACOS": _("macOS"),
    "ANDROID": _("Android"),
    "IOS": _("iOS"),
    "NONE": _("None"),
    "ACTIVE": _("Active"),
    "SOFT_EXPIRED": _("Not renewed lately"),
    "LAPSED": _("Lapsed"),
    "STOPPED": _("Stopped"),
    "REFUSED": _("Refused"),
    "NO_ENDPOINT": _("No protection product"),
    "LICENSE_MISSING": _("No license"),
    "LICENSE_LAPSED": _("License lapsed"),
    "LICENSE_STOPPED": _("License ended"),
    "ENGINE_STOPPED": _("Engine does not run"),
    "ON_ACCESS_STOPPED": _("On-access does not run"),
    "SIGNATURES_MISSING": _("No signatures"),
    "SIGNATURES_OLD": _("Signatures too old"),
    "THREAT_OPEN": _("Open detection"),
    "NO_ON_ACCESS": _("No on-access"),
    "TEST_RULES_ONLY": _("Test rules only"),
}


def symbol_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """What can be asked, for a select with a heading per table."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for symbol in SYMBOLS.values():
        groups.setdefault(str(TABLES[symbol.table]), []).append((symbol.name, str(FIELDS[symbol.name])))
    return list(groups.items())


def operator_choices(symbol: Symbol) -> list[tuple[str, str]]:
    """How a symbol can be asked; a leading `!` negates."""
    fitting = [operator for operator in _IS if operator in OPERATORS[symbol.type]]
    plain = [(operator.value, str(_IS[operator][0])) for operator in fitting]
    return plain + [(f"!{operator.value}", str(_IS[operator][1])) for operator in fitting]


def value_choices(symbol: Symbol) -> list[tuple[str, str]]:
    """What a symbol can be, where that is a fixed list."""
    if symbol.type is ValueType.BOOLEAN:
        return [("true", gettext("yes")), ("false", gettext("no"))]
    return [(choice, choice_words(choice)) for choice in symbol.choices]


def choice_words(value: object) -> str:
    """A value in words."""
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    return str(_CHOICES.get(str(value), value))


def rule_words(rule: Mapping[str, Any]) -> str:
    """A stored rule as a sentence: "Operating system, family: is Windows"; an unknown one as it is."""
    symbol = SYMBOLS.get(rule.get("symbol", ""))
    if symbol is None or rule.get("operator") not in _IS:
        return f"{rule.get('symbol')} {rule.get('operator')} {rule.get('value')}"
    values = rule["value"] if isinstance(rule["value"], list) else [rule["value"]]
    said = ", ".join(choice_words(value) for value in values)
    word = _IS[Operator(rule["operator"])][int(bool(rule.get("is_negated")))]
    return f"{TABLES[symbol.table]}, {FIELDS[symbol.name]}: {word} {said}"


def rules_words(rules: Iterable[Mapping[str, Any]]) -> list[str]:
    """Stored rules as sentences."""
    return [rule_words(rule) for rule in rules]
