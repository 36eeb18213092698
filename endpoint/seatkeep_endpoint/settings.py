"""The settings in force: the product's defaults, under the machine's own values, under what policies set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from seatkeep_protocol.errors import ProtocolError
from seatkeep_protocol.settings_schema import ENDPOINT, product_schema

from seatkeep_endpoint.defender.policy import MODE, PREFIX
from seatkeep_endpoint.scanning.schedule import is_cron_line
from seatkeep_endpoint.store import Store

POLICY_SETTINGS = "policy_settings"


class Settings:
    """Values by name; a setting that no policy sets any more falls back by itself.

    Args:
        store: Keeps the policies' values, so that they hold after a restart without the manager.
        own_file: JSON object with the machine's own values; may be missing.
        system: Defaults that depend on the operating system.
    """

    def __init__(self, store: Store, own_file: Path, system: dict[str, Any]) -> None:
        self._store, self._own_file, self._system = store, own_file, system

    def apply(self, policy: dict[str, Any]) -> dict[str, str]:
        """Take all settings that policies set; returns setting name → why it is left out."""
        errors = {name: fault for name, value in policy.items() if (fault := setting_fault(name, value))}
        accepted = {name: value for name, value in policy.items() if name not in errors}
        self._store.fact_set(POLICY_SETTINGS, accepted)
        return errors

    def values(self) -> dict[str, Any]:
        """Every setting's value."""
        return {**product_schema(ENDPOINT).defaults(), **self._system, **self._own(), **self._policy()}

    def chosen(self) -> dict[str, Any]:
        """Only what policies or the machine's own file set."""
        return {**self._own(), **self._policy()}

    def in_force(self) -> dict[str, Any]:
        """Every setting that counts here: Defender's own only where somebody set them, because else it decides."""
        chosen = self.chosen()
        return {
            name: value
            for name, value in self.values().items()
            if name in chosen or name == MODE or not name.startswith(PREFIX)
        }

    def _policy(self) -> dict[str, Any]:
        return self._store.fact(POLICY_SETTINGS, dict) or {}

    def _own(self) -> dict[str, Any]:
        try:
            own = msgspec.json.decode(self._own_file.read_bytes(), type=dict[str, Any])
        except (OSError, msgspec.MsgspecError):
            return {}
        return {name: value for name, value in own.items() if not setting_fault(name, value)}


def setting_fault(name: str, value: object) -> str:
    """Why a value cannot be used, "" when it can."""
    try:
        product_schema(ENDPOINT).validate(name, value)
    except ProtocolError as error:
        return error.detail
    if name == "scan.schedule" and isinstance(value, str) and not is_cron_line(value):
        return f"{name}: {value!r} is no cron line"
    return ""
