"""Who signs a package: anything that can put an Authenticode signature on a file."""

from __future__ import annotations

import os
import shlex
import subprocess
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from seatkeep_packaging.errors import PackagingError, UntrustedInputError
from seatkeep_packaging.tools import run

TEST_NAME = "Seatkeep test signing, trusted by nobody"
TEST_DAYS = 3650


class Signer(Protocol):
    """Puts a signature on a finished package."""

    name: str

    def sign(self, path: Path) -> None:
        """Sign in place.

        Raises:
            PackagingError: It could not.
        """


class FileSigner:
    """Signs with a certificate and key in files.

    Args:
        certificates: PEM: the signer's certificate, then those above it.
        key: PEM.
        timestamp_url: An RFC 3161 service, so that the signature outlives the certificate; "" for none.
        name: For people.
    """

    def __init__(
        self, certificates: Path, key: Path, *, timestamp_url: str = "", name: str = "own certificate"
    ) -> None:
        self.certificates, self._key, self._timestamp_url, self.name = certificates, key, timestamp_url, name

    def sign(self, path: Path) -> None:
        signed = path.with_suffix(".signed")
        signed.unlink(missing_ok=True)
        stamp = ["-ts", self._timestamp_url] if self._timestamp_url else []
        run(
            "osslsigncode", "sign", "-h", "sha256", "-n", "Seatkeep", "-certs", self.certificates, "-key", self._key,
            *stamp, "-in", path, "-out", signed,
        )  # fmt: skip
        signed.replace(path)


class CommandSigner:
    """Signs by a command of your own: a hardware module, a signing service. `{file}` in it is the package."""

    def __init__(self, command: str) -> None:
        self._command, self.name = shlex.split(command), "own command"

    def sign(self, path: Path) -> None:
        command = [part.replace("{file}", str(path)) for part in self._command]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise PackagingError(f"the signing command failed ({done.returncode}): {done.stderr.strip()[-500:]}")


def signer_choose(work: Path, now: datetime) -> Signer:
    """The signer that the environment names, else a test authority of this checkout."""
    if command := os.environ.get("SEATKEEP_SIGN_COMMAND"):
        return CommandSigner(command)
    if certificates := os.environ.get("SEATKEEP_SIGN_CERTIFICATES"):
        key = os.environ.get("SEATKEEP_SIGN_KEY")
        if not key:
            raise PackagingError("SEATKEEP_SIGN_CERTIFICATES is set, SEATKEEP_SIGN_KEY is not")
        return FileSigner(
            Path(certificates), Path(key), timestamp_url=os.environ.get("SEATKEEP_SIGN_TIMESTAMP_URL", "")
        )
    return test_signer(work / "test-authority", now)


def test_signer(folder: Path, now: datetime) -> FileSigner:
    """A signer whose certificate nobody trusts, made once per folder."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    if not certificate.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _test_certificate(certificate, key, now)
    return FileSigner(certificate, key, name=TEST_NAME)


def signature_verify(path: Path, authority: Path) -> None:
    """Check that a package is as it was signed, by somebody whom `authority` vouches for.

    Raises:
        UntrustedInputError: It is not.
    """
    try:
        run("osslsigncode", "verify", "-CAfile", authority, "-in", path)
    except PackagingError as error:
        raise UntrustedInputError(f"{path.name}: {error}") from error


def _test_certificate(certificate: Path, key: Path, now: datetime) -> None:
    private = rsa.generate_private_key(public_exponent=65537, key_size=3072)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, TEST_NAME)])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=TEST_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)
        .sign(private, hashes.SHA256())
    )
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    key.touch(0o600)
    key.write_bytes(private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
