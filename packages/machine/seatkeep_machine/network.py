"""The way to the servers: the proxy that leads out of here, and in words why there was no way."""

from __future__ import annotations

import http.client
import os
import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from cryptography import x509
from cryptography.x509.oid import NameOID
from seatkeep_license.localhost import is_localhost_name

LOOK_SECONDS = 5.0
HTTPS_PORT = 443
CLOCK_FAULTS = ("certificate has expired", "certificate is not yet valid")


def proxy_use(address: str) -> None:
    """Send HTTPS by a proxy from now on, in this process and in those that it starts; "" leaves everything as it is."""
    if address:
        os.environ["HTTPS_PROXY"] = os.environ["https_proxy"] = address  # Readers differ in the case.


def proxy_of(url: str) -> str | None:
    """The proxy by which an `https` or `wss` address is reached, None for none.

    It is the one that `proxy_use` or the environment names, on Windows and macOS also the system's. Names of this very
    machine need none, and what NO_PROXY lists gets none.
    """
    host = urlsplit(url).hostname or ""
    if is_localhost_name(host):
        return None
    proxies = getproxies()
    found = proxies.get("https") or proxies.get("all")
    if not found or proxy_bypass(host):
        return None
    return found if "://" in found else f"http://{found}"


def trouble(url: str, error: BaseException) -> str:
    """Why an address could not be reached, in words that help whoever reads the log.

    For a certificate that is not trusted this connects once more, to name who issued it; nothing is sent there. Blocks
    for at most some seconds.
    """
    proxy = proxy_of(url)
    by = f" by the proxy {without_password(proxy)}" if proxy else ""
    fault = certificate_fault(error)
    words = certificate_words(url, fault, proxy) if fault else str(error) or type(error).__name__
    return f"{urlsplit(url).netloc.rpartition('@')[2] or url}{by}: {words}"


def certificate_words(url: str, fault: ssl.SSLCertVerificationError, proxy: str | None) -> str:
    """What is wrong with a certificate, and what to do."""
    issuer = issuer_at(url, proxy)
    who = f"its certificate was issued by {issuer!r} and is not trusted" if issuer else "its certificate is not trusted"
    if fault.verify_message in CLOCK_FAULTS:
        return f"{who}: {fault.verify_message}; is the clock of this computer right?"
    return (
        f"{who}: {fault.verify_message}. If that is your own authority, give its file (CAFILE, --ca); "
        "else somebody between here and the server opens the connection"
    )


def certificate_fault(error: BaseException) -> ssl.SSLCertVerificationError | None:
    """The certificate error behind an error, None when it is another trouble."""
    return next((cause for cause in causes(error) if isinstance(cause, ssl.SSLCertVerificationError)), None)


def causes(error: BaseException) -> Iterator[BaseException]:
    """An error and what led to it."""
    seen: set[int] = set()
    found: BaseException | None = error
    while found is not None and id(found) not in seen:
        seen.add(id(found))
        yield found
        found = found.__cause__ or found.__context__


def issuer_at(url: str, proxy: str | None) -> str:
    """Who issued the certificate that comes for an address; "" when it cannot be seen."""
    parts, way = urlsplit(url), urlsplit(proxy or url)
    # Nothing is believed here, so nothing needs to be proven.
    context = ssl._create_unverified_context()  # noqa: S323
    try:
        there = http.client.HTTPSConnection(
            way.hostname or "", way.port or HTTPS_PORT, timeout=LOOK_SECONDS, context=context
        )
        if proxy:
            there.set_tunnel(parts.hostname or "", parts.port or HTTPS_PORT)
        try:
            there.connect()
            raw = there.sock.getpeercert(binary_form=True)
        finally:
            there.close()
        return issuer_name(raw) if raw else ""
    except (OSError, ValueError, http.client.HTTPException):
        return ""


def issuer_name(raw: bytes) -> str:
    """The issuer of a certificate (DER), as people call it.

    Raises:
        ValueError: It is no certificate.
    """
    issuer = x509.load_der_x509_certificate(raw).issuer
    named = issuer.get_attributes_for_oid(NameOID.COMMON_NAME) or issuer.get_attributes_for_oid(
        NameOID.ORGANIZATION_NAME
    )
    return str(named[0].value) if named else issuer.rfc4514_string()


def without_password(proxy: str) -> str:
    """A proxy's address as it may stand in a log."""
    parts = urlsplit(proxy)
    return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}"
