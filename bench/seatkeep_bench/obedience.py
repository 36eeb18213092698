"""How a simulated device reads state documents: the same checks as the agent's, with nothing left out."""

from __future__ import annotations

from typing import Any

from seatkeep_license.keys import KeySet, VerifyKey
from seatkeep_protocol.documents import (
    DeviceDocument,
    Document,
    GroupDocument,
    KeysDocument,
    audience_of_company,
    audience_of_device,
    audience_of_instance,
    document_chain,
    document_verify,
)
from seatkeep_protocol.enrollment import EnrollAnswer
from seatkeep_protocol.policy import policies_merge, settings_values
from seatkeep_protocol.settings_schema import product_schema
from seatkeep_protocol.subjects import KEYS_KEY, device_key, group_key


class Obedience:
    """The documents that a device has accepted, and what follows from them. Pure: bytes come in by `take`.

    Attributes:
        device: The device document, None before it came.
        applied: Document key → version, as heartbeats report it.
    """

    def __init__(self, answer: EnrollAnswer, applied: dict[str, int]) -> None:
        """Start from enrollment and from what was applied in earlier runs.

        Args:
            answer: What enrollment gave; its root key is pinned.
            applied: Document key → version; these versions may be read once more, older ones are refused.
        """
        self._answer = answer
        self._root = KeySet([VerifyKey.from_jwk(answer.root_key)])
        self._floors = {device_key(answer.device): answer.min_version} | applied
        self.applied: dict[str, int] = dict(applied)
        self._keys: KeySet | None = None
        self._groups: dict[str, GroupDocument] = {}
        self.device: DeviceDocument | None = None

    @property
    def group_key(self) -> str | None:
        """The key of the group document that the device document asks for; None before."""
        return group_key(self.device.company, self.device.group) if self.device else None

    @property
    def has_keys(self) -> bool:
        """Tell whether the state keys are known, so that other documents can be checked."""
        return self._keys is not None

    def take(self, key: str, raw: bytes) -> Document:
        """Check and accept a document.

        Raises:
            DocumentError: It must not be obeyed; nothing changed.
        """
        if key == KEYS_KEY:
            return self._take_keys(raw)
        if key == device_key(self._answer.device):
            return self._take_device(raw)
        return self._take_group(key, raw)

    def settings(self, product: str = "endpoint") -> dict[str, Any]:
        """Return the settings in force: policies of group and device over the schema's defaults."""
        schema = product_schema(product)
        group = self._groups.get(self.group_key or "")
        if self.device is None or group is None:
            return schema.defaults()
        return settings_values(policies_merge(document_chain(group, self.device, {}), product=product, schema=schema))

    def _take_keys(self, raw: bytes) -> KeysDocument:
        instance = self._answer.instance
        document = document_verify(
            raw,
            keys=self._root,
            instance=instance,
            key=KEYS_KEY,
            audience=audience_of_instance(instance),
            min_version=self._floors.get(KEYS_KEY, 0),
            document_type=KeysDocument,
        )
        self._keys = document.keyset()
        self._accepted(KEYS_KEY, document.version)
        return document

    def _take_device(self, raw: bytes) -> DeviceDocument:
        key = device_key(self._answer.device)
        document = document_verify(
            raw,
            keys=self._keys or KeySet(),
            instance=self._answer.instance,
            key=key,
            audience=audience_of_device(self._answer.device),
            min_version=self._floors.get(key, 0),
            document_type=DeviceDocument,
        )
        self.device = document
        self._accepted(key, document.version)
        for link in document.chain:
            self._floors[link.key] = max(self._floors.get(link.key, 0), link.min_version)
        return document

    def _take_group(self, key: str, raw: bytes) -> GroupDocument:
        company = self.device.company if self.device else self._answer.company
        document = document_verify(
            raw,
            keys=self._keys or KeySet(),
            instance=self._answer.instance,
            key=key,
            audience=audience_of_company(company),
            min_version=self._floors.get(key, 0),
            document_type=GroupDocument,
        )
        self._groups[key] = document
        self._accepted(key, document.version)
        return document

    def _accepted(self, key: str, version: int) -> None:
        self.applied[key] = version
        self._floors[key] = version + 1
