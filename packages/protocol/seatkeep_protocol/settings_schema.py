"""The settings that a product has: type, bounds, default, and how a policy's list meets the one before it.

The schemas are JSON Schema files beside this module, with three extensions: `x-list-mode`, `x-unit` and, for a whole
product, `x-sections` (first part of a setting's name → heading).
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files
from typing import Any, Literal

import msgspec

from seatkeep_protocol.errors import SettingUnknownError, SettingValueError

ENDPOINT = "endpoint"
AGENT = "agent"


class ListMode(StrEnum):
    """How a policy's list meets the value before it."""

    REPLACE = "REPLACE"
    APPEND = "APPEND"
    PREPEND = "PREPEND"


JsonType = Literal["string", "integer", "boolean", "array", "null"]

_PYTHON_TYPES: dict[JsonType, type] = {
    "string": str,
    "integer": int,
    "boolean": bool,
    "array": list,
    "null": type(None),
}


class SettingSchema(msgspec.Struct, frozen=True, rename="camel"):
    """One setting, or the items of a list setting."""

    type: JsonType | list[JsonType]
    title: str = ""
    description: str = ""
    default: Any = None
    enum: list[str] | None = None
    pattern: str | None = None
    minimum: int | None = None
    maximum: int | None = None
    min_length: int | None = None
    max_length: int | None = None
    items: SettingSchema | None = None
    max_items: int | None = None
    list_mode: ListMode = msgspec.field(name="x-list-mode", default=ListMode.REPLACE)
    unit: str | None = msgspec.field(name="x-unit", default=None)

    @property
    def types(self) -> list[JsonType]:
        """The types that a value may have."""
        return self.type if isinstance(self.type, list) else [self.type]

    @property
    def is_list(self) -> bool:
        """Tell whether list modes apply."""
        return "array" in self.types

    @property
    def is_nullable(self) -> bool:
        """Tell whether the setting may be empty (null)."""
        return "null" in self.types


class ProductSchema(msgspec.Struct, frozen=True):
    """All settings of a product."""

    title: str
    properties: dict[str, SettingSchema]
    section_titles: dict[str, str] = msgspec.field(name="x-sections", default_factory=dict)

    def sections(self) -> dict[str, list[str]]:
        """Return the names of the settings under their headings, in the schema's order.

        A setting belongs to the first part of its name; a part without a heading stands under itself.
        """
        found: dict[str, list[str]] = {}
        for name in self.properties:
            part = name.partition(".")[0]
            found.setdefault(self.section_titles.get(part, part.capitalize()), []).append(name)
        return found

    def setting(self, name: str) -> SettingSchema:
        """Return one setting.

        Raises:
            SettingUnknownError: The product has none of this name.
        """
        try:
            return self.properties[name]
        except KeyError as error:
            raise SettingUnknownError(f"There is no setting {name!r}.") from error

    def defaults(self) -> dict[str, Any]:
        """Return every setting's default."""
        return {name: setting.default for name, setting in self.properties.items()}

    def validate(self, name: str, value: object) -> None:
        """Check a value against its setting.

        Raises:
            SettingUnknownError: The product has no such setting.
            SettingValueError: Wrong type or out of bounds; the message names the setting and the bound.
        """
        reason = _fault(self.setting(name), value)
        if reason:
            raise SettingValueError(f"{name}: {reason}")

    def accepts(self, name: str, value: object) -> bool:
        """Tell whether the product has this setting and the value fits it."""
        return name in self.properties and _fault(self.properties[name], value) is None


@lru_cache
def product_schema(product: str) -> ProductSchema:
    """Return the settings of `endpoint` or `agent`, out of the package's own files.

    Raises:
        SettingUnknownError: There is no such product.
    """
    if product not in (ENDPOINT, AGENT):
        raise SettingUnknownError(f"There is no product {product!r}.")
    raw = files("seatkeep_protocol.schemas").joinpath(f"{product}.json").read_bytes()
    return msgspec.json.decode(raw, type=ProductSchema)


def _fault(setting: SettingSchema, value: object) -> str | None:
    if not any(type(value) is _PYTHON_TYPES[name] for name in setting.types):
        return f"must be of type {' or '.join(setting.types)}"
    if isinstance(value, str):
        return _text_fault(setting, value)
    if isinstance(value, int) and not isinstance(value, bool):
        return _number_fault(setting, value)
    if isinstance(value, list):
        return _list_fault(setting, value)
    return None


def _text_fault(setting: SettingSchema, value: str) -> str | None:
    if setting.enum is not None and value not in setting.enum:
        return f"must be one of {', '.join(setting.enum)}"
    if len(value) < (setting.min_length or 0):
        return f"must have at least {setting.min_length} characters"
    if setting.max_length is not None and len(value) > setting.max_length:
        return f"must have at most {setting.max_length} characters"
    if setting.pattern is not None and not re.search(setting.pattern, value):
        return f"must look like {setting.pattern}"
    return None


def _number_fault(setting: SettingSchema, value: int) -> str | None:
    if setting.minimum is not None and value < setting.minimum:
        return f"must be at least {setting.minimum}"
    if setting.maximum is not None and value > setting.maximum:
        return f"must be at most {setting.maximum}"
    return None


def _list_fault(setting: SettingSchema, value: list[object]) -> str | None:
    if setting.max_items is not None and len(value) > setting.max_items:
        return f"must have at most {setting.max_items} entries"
    faults = (_fault(setting.items, item) for item in value) if setting.items else ()
    return next((f"each entry {fault}" for fault in faults if fault), None)
