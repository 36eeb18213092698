"""Pure decisions about policies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from seatkeep_protocol.errors import SettingUnknownError, SettingValueError
from seatkeep_protocol.policy import Flag, PolicySetting
from seatkeep_protocol.settings_schema import ProductSchema, product_schema

from seatkeep_manager.policies.errors import PolicySettingsError

DESCRIPTION_LIMIT = 2000


def description_clean(text: str) -> str:
    """A description without blanks around it, without zero bytes; at most 2,000 characters are kept."""
    return text.replace("\x00", "").strip()[:DESCRIPTION_LIMIT]


def settings_clean(*, product: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Check a policy's settings against the product's schema and bring them into the stored form.

    Args:
        product: `endpoint` or `agent`.
        settings: Setting → {"value", "flag"?, "mode"?}; NOT_APPLY entries are left out of the result.

    Raises:
        PolicySettingsError: Names each setting that is unknown or does not fit, and why.
    """
    schema = product_schema(product)
    clean: dict[str, Any] = {}
    faults: dict[str, list[str]] = {}
    for name, raw in settings.items():
        try:
            setting = _setting(schema, name, raw)
        except (msgspec.ValidationError, SettingUnknownError, SettingValueError) as error:
            faults[name] = [str(error)]
            continue
        if setting.flag is not Flag.NOT_APPLY:
            clean[name] = msgspec.to_builtins(setting)
    if faults:
        raise PolicySettingsError(fields=faults)
    return clean


def _setting(schema: ProductSchema, name: str, raw: object) -> PolicySetting:
    setting = msgspec.convert(raw, PolicySetting)
    if setting.flag is not Flag.NOT_APPLY:
        schema.validate(name, setting.value)
        if any("\x00" in text for text in _texts(setting.value)):
            raise SettingValueError(f"{name}: must hold no zero byte")
    return setting


def _texts(value: object) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [one for one in values if isinstance(one, str)]


def settings_load(settings: Mapping[str, Any]) -> dict[str, PolicySetting]:
    """Read the stored form."""
    return msgspec.convert(settings, dict[str, PolicySetting])
