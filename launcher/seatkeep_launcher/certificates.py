"""The installation's own certificate authority: devices pin it where no public certificate exists.

Caddy signs with it (as the root of its internal issuer) and so does the broker's native port, so one PEM is enough.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from seatkeep_launcher.files import write_private, write_whole

ROOT_LIFETIME = timedelta(days=3650)
SERVER_LIFETIME = timedelta(days=90)
RENEW_BEFORE = timedelta(days=30)
BACKDATED = timedelta(hours=1)
"""Devices whose clock is a little late shall accept a new certificate."""


@dataclass(frozen=True)
class CertificateAuthority:
    """The own CA in a folder.

    Attributes:
        folder: Holds `root.crt` (handed to devices) and `root.key` (0600).
    """

    folder: Path

    @property
    def certificate(self) -> Path:
        """The root's certificate in PEM (SEATKEEP_DEVICE_CA)."""
        return self.folder / "root.crt"

    @property
    def key(self) -> Path:
        """The root's private key in PEM."""
        return self.folder / "root.key"

    def ensure(self, *, now: datetime) -> None:
        """Make the root when there is none; it is never replaced, because devices pin it."""
        if self.certificate.exists():
            return
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Seatkeep own CA")])
        builder = _builder(name, name, key.public_key(), now, ROOT_LIFETIME)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=1), critical=True)
        builder = builder.add_extension(_root_usage(), critical=True)
        write_private(self.key, _key_pem(key))
        write_whole(self.certificate, builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def server_ensure(self, folder: Path, names: tuple[str, ...], *, now: datetime) -> tuple[Path, Path]:
        """A server's certificate and key in `folder`.

        Made anew when missing, for other names, or within 30 days of its end.

        Args:
            folder: Where `server.crt` and `server.key` lie.
            names: Host names and IP addresses, the first is the common name.
            now: Aware UTC.

        Returns:
            The files of certificate and key.
        """
        certificate, key = folder / "server.crt", folder / "server.key"
        if not (certificate.exists() and key.exists() and _is_good(certificate, names, now)):
            self._issue(certificate, key, names, now)
        return certificate, key

    def _issue(self, certificate: Path, key_file: Path, names: tuple[str, ...], now: datetime) -> None:
        root = x509.load_pem_x509_certificate(self.certificate.read_bytes())
        root_key = serialization.load_pem_private_key(self.key.read_bytes(), None)
        assert isinstance(root_key, ec.EllipticCurvePrivateKey)  # noqa: S101  # We made it; narrows the type.
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        builder = _builder(subject, root.subject, key.public_key(), now, SERVER_LIFETIME)
        builder = builder.add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), critical=False)
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False
        )
        write_private(key_file, _key_pem(key))
        write_whole(certificate, builder.sign(root_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))


def certificate_ends_at(path: Path) -> datetime:
    """When the certificate in a PEM file ends (aware UTC)."""
    return x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc


def _is_good(path: Path, names: tuple[str, ...], now: datetime) -> bool:
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    has = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return certificate.not_valid_after_utc - now > RENEW_BEFORE and list(has) == [_general(name) for name in names]


def _builder(
    subject: x509.Name, issuer: x509.Name, key: CertificatePublicKeyTypes, now: datetime, lifetime: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + lifetime)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _root_usage() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
