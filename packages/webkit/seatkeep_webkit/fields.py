"""Encrypted columns: readable to the program, not to who reads the database or a backup."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.core.exceptions import FieldError
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from seatkeep_webkit.keyring import decrypt, encrypt

if TYPE_CHECKING:
    _BytesField = models.BinaryField[Any, Any]
else:
    _BytesField = models.BinaryField


class EncryptedField(_BytesField):
    """Common ground of encrypted columns: bytes in, ciphertext in the column, bound to its table and column."""

    @property
    def aad(self) -> bytes:
        """Where the ciphertext belongs; moved elsewhere it does not open."""
        return f"{self.model._meta.db_table}.{self.column}".encode()

    def get_lookup(self, lookup_name: str) -> Any:
        """Refuse every filter but `isnull`: equal texts have unequal ciphertexts."""
        if lookup_name != "isnull":
            raise FieldError(f"{self.name} is encrypted; filter by a lookup_hmac column instead")
        return super().get_lookup(lookup_name)

    def get_db_prep_value(self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False) -> Any:
        """Encrypt on the way to the database."""
        sealed = None if value is None else encrypt(self.to_plain_bytes(value), aad=self.aad)
        return super().get_db_prep_value(sealed, connection, prepared)

    def from_db_value(self, value: bytes | memoryview | None, expression: object, connection: object) -> Any:
        """Decrypt on the way from the database."""
        return None if value is None else self.from_plain_bytes(decrypt(bytes(value), aad=self.aad))

    def to_plain_bytes(self, value: Any) -> bytes:
        """Return the bytes to encrypt."""
        return bytes(value)

    def from_plain_bytes(self, data: bytes) -> Any:
        """Return the Python value of decrypted bytes."""
        return data


class EncryptedBinaryField(EncryptedField):
    """Bytes, encrypted at rest."""


class EncryptedTextField(EncryptedField):
    """Text, encrypted at rest."""

    def to_plain_bytes(self, value: Any) -> bytes:
        """Return the text as UTF-8."""
        return str(value).encode()

    def from_plain_bytes(self, data: bytes) -> str:
        """Return the text."""
        return data.decode()

    def to_python(self, value: Any) -> Any:
        """Leave text as it is; BinaryField would read it as Base64."""
        return value

    def value_to_string(self, obj: models.Model) -> str:
        """Return the text as it is, for serializers."""
        return cast("str", self.value_from_object(obj))

    def get_default(self) -> Any:
        """Return the text default; BinaryField would answer bytes."""
        return self.default if self.has_default() and not callable(self.default) else ("" if not self.null else None)
