"""What the manager wants: documents, each verified before anything is done with it, and never older than before."""

from __future__ import annotations

from typing import TypeVar

from seatkeep_license.keys import KeySet, VerifyKey
from seatkeep_protocol.documents import (
    DeviceDocument,
    Document,
    GroupDocument,
    KeysDocument,
    audience_of_company,
    audience_of_device,
    audience_of_instance,
    document_verify,
)
from seatkeep_protocol.errors import DocumentError, DocumentForeignKeyError
from seatkeep_protocol.subjects import KEYS_KEY, device_key

from seatkeep_agent.identity import Identity
from seatkeep_agent.store import Store

DocumentT = TypeVar("DocumentT", KeysDocument, GroupDocument, DeviceDocument)


class DocumentBook:
    """The newest good document of each key this device follows.

    Args:
        store: Keeps documents and their versions over restarts.
        identity: Who we are; its root key is the only thing trusted from the start.
    """

    def __init__(self, store: Store, identity: Identity) -> None:
        self._store, self._identity = store, identity
        self.keys_document = self._recall(KEYS_KEY, KeysDocument)
        self.device = self._recall(device_key(identity.device), DeviceDocument)
        self.group: GroupDocument | None = None
        if self.device is not None and self.group_key is not None:
            self.group = self._recall(self.group_key, GroupDocument)

    @property
    def group_key(self) -> str | None:
        """The bucket key of the group document that the device document names."""
        links = self.device.chain if self.device else ()
        return next((link.key for link in links if link.key.startswith("grp.")), None)

    @property
    def followed(self) -> list[str]:
        """Every key that this device must read and watch, in the order in which they make sense."""
        group = [self.group_key] if self.group_key else []
        return [KEYS_KEY, device_key(self._identity.device), *group]

    def versions(self) -> dict[str, int]:
        """Key → applied version, as heartbeats report them."""
        held = (self.keys_document, self.device, self.group)
        return {document.key: document.version for document in held if document is not None}

    def is_known(self, key: str, raw: bytes) -> bool:
        """Whether these very bytes were taken before: after a reconnect the same documents come again."""
        rows = self._store.rows("SELECT raw FROM document WHERE key = ?", key)
        return bool(rows) and rows[0]["raw"] == raw

    def take(self, key: str, raw: bytes) -> Document:
        """Verify a document and make it the one in force.

        Raises:
            DocumentError: It must not be obeyed; nothing changed. The class says why.
        """
        if key == KEYS_KEY:
            self.keys_document = self._accept(key, raw, KeysDocument, self._root(), floor=1)
            return self.keys_document
        if key == device_key(self._identity.device):
            floor = max(1, self._identity.min_version)
            self.device = self._accept(key, raw, DeviceDocument, self._state_keys(), floor=floor)
            self._follow_group()
            return self.device
        if key == self.group_key:
            self.group = self._accept(key, raw, GroupDocument, self._state_keys(), floor=self._group_floor())
            return self.group
        raise DocumentForeignKeyError(f"{key} is none of this device's documents")

    def _follow_group(self) -> None:
        """After a move the old group's document does not count any more."""
        if self.group is not None and self.group.key != self.group_key:
            self.group = self._recall(self.group_key, GroupDocument) if self.group_key else None

    def _group_floor(self) -> int:
        links = self.device.chain if self.device else ()
        return max((link.min_version for link in links if link.key == self.group_key), default=1)

    def _accept(self, key: str, raw: bytes, document_type: type[DocumentT], keys: KeySet, *, floor: int) -> DocumentT:
        document = self._verify(key, raw, document_type, keys, max(floor, self._version(key) + 1))
        with self._store.transaction() as connection:
            connection.execute(
                "INSERT INTO document VALUES (?, ?, ?) "
                "ON CONFLICT (key) DO UPDATE SET version = excluded.version, raw = excluded.raw",
                (key, document.version, raw),
            )
        return document

    def _recall(self, key: str, document_type: type[DocumentT]) -> DocumentT | None:
        """The stored document, verified again; what does not hold any more is not obeyed (its version still counts)."""
        rows = self._store.rows("SELECT raw, version FROM document WHERE key = ?", key)
        if not rows:
            return None
        keys = self._root() if document_type is KeysDocument else self._state_keys()
        try:
            return self._verify(key, rows[0]["raw"], document_type, keys, rows[0]["version"])
        except DocumentError:
            return None

    def _verify(
        self, key: str, raw: bytes, document_type: type[DocumentT], keys: KeySet, min_version: int
    ) -> DocumentT:
        return document_verify(
            raw, keys=keys, instance=self._identity.instance, key=key, audience=self._audience(key),
            min_version=min_version, document_type=document_type,
        )  # fmt: skip

    def _audience(self, key: str) -> str:
        if key == KEYS_KEY:
            return audience_of_instance(self._identity.instance)
        if key.startswith("grp."):
            company = self.device.company if self.device else self._identity.company
            return audience_of_company(company)
        return audience_of_device(self._identity.device)

    def _version(self, key: str) -> int:
        rows = self._store.rows("SELECT version FROM document WHERE key = ?", key)
        return int(rows[0]["version"]) if rows else 0

    def _root(self) -> KeySet:
        return KeySet([VerifyKey.from_jwk(self._identity.root_key)])

    def _state_keys(self) -> KeySet:
        return self.keys_document.keyset() if self.keys_document else KeySet()
