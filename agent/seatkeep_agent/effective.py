"""What policies make of this device: the shared merge, plus secrets sealed to this very device."""

from __future__ import annotations

import logging
from typing import Any

from seatkeep_protocol.device_status import DeviceStatus
from seatkeep_protocol.documents import DeviceDocument, GroupDocument, document_chain
from seatkeep_protocol.errors import SealBrokenError
from seatkeep_protocol.policy import EffectiveSetting, policies_merge
from seatkeep_protocol.sealing import seal_context, unseal
from seatkeep_protocol.settings_schema import AGENT, ENDPOINT, product_schema

log = logging.getLogger(__name__)


def endpoint_settings(
    group: GroupDocument, device: DeviceDocument, status: DeviceStatus, *, x25519_private: bytes
) -> dict[str, Any]:
    """The endpoint's settings that policies set; those that none sets are left out and fall back by themselves."""
    merged = policies_merge(document_chain(group, device, status), product=ENDPOINT, schema=product_schema(ENDPOINT))
    return {**set_by_policy(merged), **secrets(device, x25519_private)}


def agent_settings(group: GroupDocument, device: DeviceDocument, status: DeviceStatus) -> dict[str, Any]:
    """The agent's own settings that policies set."""
    merged = policies_merge(document_chain(group, device, status), product=AGENT, schema=product_schema(AGENT))
    return set_by_policy(merged)


def settings_in_force(group: GroupDocument, device: DeviceDocument, status: DeviceStatus) -> dict[str, Any]:
    """Every setting with the value in force, product by product; secrets are left out."""
    chain = document_chain(group, device, status)
    return {
        product: {
            name: setting.value
            for name, setting in policies_merge(chain, product=product, schema=product_schema(product)).items()
        }
        for product in (AGENT, ENDPOINT)
    }


def set_by_policy(merged: dict[str, EffectiveSetting]) -> dict[str, Any]:
    """Values that come from a policy."""
    return {name: setting.value for name, setting in merged.items() if setting.origins}


def secrets(device: DeviceDocument, x25519_private: bytes) -> dict[str, Any]:
    """Sealed settings, opened; one that does not open is left out, not guessed."""
    schema, opened = product_schema(ENDPOINT), {}
    for name, sealed in device.sealed.items():
        try:
            value = unseal(sealed, private_key=x25519_private, context=seal_context(device.device, name)).decode()
        except (SealBrokenError, UnicodeDecodeError) as error:
            log.error("the secret setting %s cannot be opened: %s", name, error)
            continue
        if schema.accepts(name, value):
            opened[name] = value
    return opened
