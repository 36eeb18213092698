"""Signed state documents: what the manager wants, one document per static group and one per device.

Stored bytes are msgpack `[kid, signature, body]`, the signature over a domain string and the exact body. The body names
instance, key, audience and version, so a stolen broker can neither forge, nor move, nor bring back a document.
"""

from __future__ import annotations

import uuid
from typing import Annotated, Any, TypeVar

import msgspec
from seatkeep_license.errors import KeyMaterialError, KeyUnknownError, SignatureInvalidError
from seatkeep_license.keys import KeySet, SigningKey, VerifyKey

from seatkeep_protocol.device_status import DeviceStatus
from seatkeep_protocol.errors import (
    DocumentForeignAudienceError,
    DocumentForeignInstanceError,
    DocumentForeignKeyError,
    DocumentKeyUnknownError,
    DocumentMalformedError,
    DocumentOlderError,
    DocumentSignatureError,
    DocumentTooLargeError,
)
from seatkeep_protocol.ids import HEX_PATTERN
from seatkeep_protocol.membership import DynamicNode, group_ids, groups_joined
from seatkeep_protocol.policy import ChainNode, DynamicGroup, NodeKind, Policy, StaticLevel, chain_order
from seatkeep_protocol.rollouts import chain_on
from seatkeep_protocol.sealing import seal, seal_context, seal_key_generate, unseal
from seatkeep_protocol.subjects import KEYS_KEY, device_key, group_key
from seatkeep_protocol.triggers import GroupTask

__all__ = [
    "Addresses",
    "ChainLink",
    "DeviceDocument",
    "Document",
    "DocumentTask",
    "GroupDocument",
    "KeysDocument",
    "LicenseAssignment",
    "RetireOrder",
    "audience_of_company",
    "audience_of_device",
    "audience_of_instance",
    "document_chain",
    "document_groups",
    "document_sign",
    "document_verify",
    "next_version",
    "seal",
    "seal_context",
    "seal_key_generate",
    "unseal",
]

DOMAIN = b"seatkeep-state-v1\0"
DOCUMENT_LIMIT_BYTES = 256 * 1024

HexId = Annotated[str, msgspec.Meta(pattern=HEX_PATTERN)]
Version = Annotated[int, msgspec.Meta(ge=1, le=2**62)]


class _Document(msgspec.Struct, frozen=True, kw_only=True, tag_field="doc"):
    """What every document names.

    Attributes:
        v: Version of the shape, 1.
        instance: The manager instance, 32 hex digits.
        key: The bucket key that it stands under.
        audience: Who reads it (see `audience_of_…`).
        version: max(last + 1, µs since 1970), so that no restore can go back.
        issued_at_us: When it was signed, µs since 1970.
    """

    v: int = 1
    instance: HexId
    key: str
    audience: str
    version: Version
    issued_at_us: int


class KeysDocument(_Document, frozen=True, kw_only=True, tag="keys"):
    """Which keys sign the other documents; itself signed by the instance's offline root key.

    Attributes:
        state_keys: JWKs of the state keys, the current one first.
    """

    state_keys: list[dict[str, str]]

    def keyset(self) -> KeySet:
        """Return the state keys.

        Raises:
            DocumentMalformedError: One of them is not an Ed25519 key.
        """
        try:
            return KeySet(VerifyKey.from_jwk(jwk) for jwk in self.state_keys)
        except KeyMaterialError as error:
            raise DocumentMalformedError(error.detail) from error


class GroupDocument(_Document, frozen=True, kw_only=True, tag="group"):
    """A static group and everything above it, shared by all its devices.

    Attributes:
        group: The group, 32 hex digits.
        nodes: The static chain from All down to this group, policies in assignment order.
        dynamic: Static group of the chain → the dynamic groups directly below it, in list order.
        tasks: What stands on the chain and on its dynamic groups, oldest first.
    """

    group: HexId
    nodes: tuple[ChainNode, ...]
    dynamic: dict[HexId, tuple[DynamicNode, ...]] = {}
    tasks: tuple[GroupTask, ...] = ()


class ChainLink(msgspec.Struct, frozen=True):
    """A document that a device must follow, and the lowest version that it may take of it."""

    key: str
    min_version: int


class DocumentTask(msgspec.Struct, frozen=True, kw_only=True):
    """A task for this device.

    Attributes:
        kind: A value of `tasks.TaskKind`; text, so that a kind of tomorrow does not spoil the document.
        params: Read by `tasks.params_decode`.
    """

    run: uuid.UUID
    task: uuid.UUID
    kind: str
    params: dict[str, Any]
    issued_at_us: int
    expires_at_us: int


class LicenseAssignment(msgspec.Struct, frozen=True, kw_only=True):
    """The seat that this device shall hold.

    Attributes:
        ticket: Activation ticket (JWS); None once the device holds the seat or before its key is known.
        is_stopped: "Stop protecting" is in force: the endpoint stops until this falls away.
    """

    public_id: str
    product: str
    licensing_url: str
    ticket: str | None = None
    is_stopped: bool = False


class RetireOrder(msgspec.Struct, frozen=True, kw_only=True):
    """The device shall leave management; good until `valid_until_us`, µs since 1970.

    Attributes:
        is_removing_endpoint: Remove the endpoint product too.
        is_releasing_seat: Give the seat back first.
    """

    order: uuid.UUID
    issued_at_us: int
    valid_until_us: int
    is_removing_endpoint: bool = True
    is_releasing_seat: bool = True


class Addresses(msgspec.Struct, frozen=True, kw_only=True):
    """Where the device finds its servers, best first."""

    console: list[str] = []
    licensing: list[str] = []
    nats: list[str] = []


class DeviceDocument(_Document, frozen=True, kw_only=True, tag="device"):
    """What the manager wants of one device.

    Attributes:
        restore_id: Changes when the manager was restored from a backup: the device then sends a full snapshot.
        chain: The documents that it follows besides its own, with their lowest versions.
        policies: Policies assigned to the device itself, in assignment order.
        sealed: Setting name → secret sealed to the device (`unseal` with `seal_context(device, name)`).
    """

    device: HexId
    name: str
    company: HexId
    group: HexId
    restore_id: str
    chain: tuple[ChainLink, ...]
    policies: tuple[Policy, ...] = ()
    tasks: tuple[DocumentTask, ...] = ()
    license: LicenseAssignment | None = None
    retire: RetireOrder | None = None
    sealed: dict[str, bytes] = {}
    addresses: Addresses = Addresses()


Document = KeysDocument | GroupDocument | DeviceDocument
DocumentT = TypeVar("DocumentT", KeysDocument, GroupDocument, DeviceDocument)


class _Signed(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    kid: str
    signature: bytes
    body: bytes


_encoder = msgspec.msgpack.Encoder()
_signed_decoder = msgspec.msgpack.Decoder(_Signed)
_body_decoder: msgspec.msgpack.Decoder[Document] = msgspec.msgpack.Decoder(Document)


def audience_of_instance(instance: str) -> str:
    """Return the audience of the keys document: every device of the instance."""
    return f"instance:{instance}"


def audience_of_company(company: str) -> str:
    """Return the audience of a group document: the devices of one company."""
    return f"company:{company}"


def audience_of_device(device: str) -> str:
    """Return the audience of a device document."""
    return f"device:{device}"


def next_version(last: int, now_us: int) -> int:
    """Return the version of the next document: max(last + 1, µs since 1970)."""
    return max(last + 1, now_us)


def document_chain(group: GroupDocument, device: DeviceDocument, status: DeviceStatus) -> list[ChainNode]:
    """Return the nodes whose policies merge on a device, in order, each policy in the version that counts on it.

    Args:
        group: The document of the device's group.
        device: The device's own document.
        status: What is known of the device, by which dynamic groups take it.
    """
    own = ChainNode(kind=NodeKind.DEVICE, node=device.device, name=device.name, policies=device.policies)
    path = [StaticLevel(node, _joined(group, node, status)) for node in group.nodes]
    return chain_on(chain_order(path, own), device.device)


def document_groups(group: GroupDocument, status: DeviceStatus) -> list[str]:
    """Return the ids of the dynamic groups that take a device, from the top of its static path down."""
    return [found for node in group.nodes for found in group_ids(_joined(group, node, status))]


def _joined(group: GroupDocument, node: ChainNode, status: DeviceStatus) -> tuple[DynamicGroup, ...]:
    return groups_joined(group.dynamic.get(node.node, ()), status)


def document_sign(document: Document, key: SigningKey) -> bytes:
    """Sign a document and return the bytes to store.

    Raises:
        DocumentForeignKeyError: The document names another bucket key or audience than its content asks for.
        DocumentTooLargeError: More than 256 kB; the writer must be told at edit time.
    """
    _identity_check(document)
    body = _encoder.encode(document)
    raw = _encoder.encode(_Signed(key.kid, key.sign(DOMAIN + body), body))
    _size_check(raw)
    return raw


def document_verify(
    raw: bytes,
    *,
    keys: KeySet,
    instance: str,
    key: str,
    audience: str,
    min_version: int,
    document_type: type[DocumentT],
) -> DocumentT:
    """Check stored bytes completely and return the document.

    Args:
        raw: The bytes out of the bucket.
        keys: The trusted keys: the root key for the keys document, its state keys for the others.
        instance: The reader's instance, 32 hex digits.
        key: The bucket key that was asked for, or pushed.
        audience: Who the reader is.
        min_version: The lowest version that is still taken (inclusive). A reader that has applied version n gives
            n + 1, so an older, equal or replayed document is refused; a first reader gives the floor it was told.
        document_type: What is expected under this key.

    Raises:
        DocumentTooLargeError: More than 256 kB; nothing was decoded.
        DocumentMalformedError: Not a signed document of this type and version of shape.
        DocumentKeyUnknownError: Signed by a key that is not trusted.
        DocumentSignatureError: The signature is wrong.
        DocumentForeignInstanceError: Made by another instance.
        DocumentForeignKeyError: Made for another bucket key.
        DocumentForeignAudienceError: Made for another reader.
        DocumentOlderError: Its version is below `min_version`.
    """
    document = _opened(raw, keys)
    if document.instance != instance:
        raise DocumentForeignInstanceError
    if document.key != key:
        raise DocumentForeignKeyError
    if document.audience != audience:
        raise DocumentForeignAudienceError
    if not isinstance(document, document_type):
        raise DocumentMalformedError("The document is of another type.")
    _identity_check(document)
    if document.version < min_version:
        raise DocumentOlderError(document.version, min_version)
    return document


def _opened(raw: bytes, keys: KeySet) -> Document:
    _size_check(raw)
    try:
        signed = _signed_decoder.decode(raw)
        keys.get(signed.kid).verify(signed.signature, DOMAIN + signed.body)
        document = _body_decoder.decode(signed.body)
    except KeyUnknownError as error:
        raise DocumentKeyUnknownError(error.detail) from error
    except SignatureInvalidError as error:
        raise DocumentSignatureError from error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise DocumentMalformedError(str(error)) from error
    if document.v != 1 or _encoder.encode(signed) != raw:
        raise DocumentMalformedError
    return document


def _identity_check(document: Document) -> None:
    if isinstance(document, DeviceDocument):
        expected = device_key(document.device), audience_of_device(document.device)
    elif isinstance(document, KeysDocument):
        expected = KEYS_KEY, audience_of_instance(document.instance)
    else:
        company = document.audience.removeprefix("company:")
        expected = group_key(company, document.group), audience_of_company(company)
    if (document.key, document.audience) != expected:
        raise DocumentForeignKeyError("Key, audience and content of the document do not belong together.")


def _size_check(raw: bytes) -> None:
    if len(raw) > DOCUMENT_LIMIT_BYTES:
        raise DocumentTooLargeError(f"The document has {len(raw)} bytes, at most {DOCUMENT_LIMIT_BYTES} are taken.")
