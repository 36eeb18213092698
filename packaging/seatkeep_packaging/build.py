"""From the sources of this checkout to a signed package."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from seatkeep_packaging.editions import Edition, product_code
from seatkeep_packaging.errors import PackagingError
from seatkeep_packaging.payload import payload_build, payload_digest, payload_digests, times_settle
from seatkeep_packaging.runtime import Pins, runtime_check, runtime_fetch
from seatkeep_packaging.sbom import sbom_build
from seatkeep_packaging.signing import Signer
from seatkeep_packaging.tables import tables_complete
from seatkeep_packaging.tools import run
from seatkeep_packaging.wix import source_write

LIMIT_BYTES = 40 * 1024 * 1024
VERSION = re.compile(r"(\d{1,3})\.(\d{1,3})\.(\d{1,5})")


@dataclass(frozen=True)
class Package:
    """A finished package.

    Attributes:
        path: The .msi; beside it lie its .sbom.json and .manifest.json.
        product: Its product code, as `msiexec /x` takes it.
        digest: SHA-256 of what it installs.
        installed_bytes: What that takes on a disk.
    """

    path: Path
    product: str
    digest: str
    installed_bytes: int


def runtime_ready(work: Path) -> tuple[Pins, Path]:
    """The checked Python runtime, fetched once per checkout and checked each time.

    Raises:
        PackagingError: It cannot be had or trusted.
    """
    pins, folder = Pins.load(), work / "runtime"
    if not all((folder / name).exists() for name in pins.files):
        shutil.rmtree(folder, ignore_errors=True)
        runtime_fetch(pins, folder)
    runtime_check(pins, folder)
    return pins, folder


def package_build(edition: Edition, version: str, *, out: Path, signer: Signer, now: datetime) -> Package:
    """Build one edition.

    Args:
        edition: Which one.
        version: Major, minor, build; Windows Installer compares no more than these.
        out: Folder of the packages; `out/work` is scratch.
        signer: Signs the package.
        now: Unused but by the signer of tests; the package itself holds no time.

    Raises:
        PackagingError: It was not built.
    """
    version_check(version)
    work = out / "work"
    pins, runtime = runtime_ready(work)
    payload = work / f"{edition.code}-{version}"
    shutil.rmtree(payload, ignore_errors=True)
    payload.mkdir(parents=True)
    payload_build(edition, pins, runtime, payload)
    program = payload_digest(payload_digests(payload))
    bill = json.dumps(sbom_build(edition, version, pins, payload, program), indent=2) + "\n"
    (payload / "sbom.json").write_text(bill)
    times_settle(payload)
    digests = payload_digests(payload)
    path = out / f"seatkeep-{edition.code}-{version}-x64.msi"
    digest = payload_digest(digests)
    product = product_code(edition, version, digest)
    _msi(path, edition=edition, version=version, payload=payload, product=product)
    signer.sign(path)
    path.with_suffix(".sbom.json").write_text(bill)
    path.with_suffix(".manifest.json").write_text(json.dumps(digests, indent=2) + "\n")
    if path.stat().st_size > LIMIT_BYTES:
        raise PackagingError(f"{path.name} is {path.stat().st_size} bytes; no more than {LIMIT_BYTES} are allowed")
    installed = sum((payload / name).stat().st_size for name in digests)
    return Package(path, f"{{{product}}}", digest, installed)


def version_check(version: str) -> None:
    """Refuse a version that Windows Installer would compare wrongly.

    Raises:
        PackagingError: It is not major.minor.build with at most 255.255.65535.
    """
    found = VERSION.fullmatch(version)
    if found is None or any(int(part) > limit for part, limit in zip(found.groups(), (255, 255, 65535), strict=True)):
        raise PackagingError(
            f"{version!r} is no version of a package: it must be major.minor.build up to 255.255.65535"
        )


def _msi(path: Path, *, edition: Edition, version: str, payload: Path, product: str) -> None:
    source, unsigned = payload.with_suffix(".wxs"), payload.with_suffix(".msi")
    source_write(source, edition=edition, version=version, payload=payload, product=product)
    unsigned.unlink(missing_ok=True)
    run("wixl", "-a", "x64", "-o", unsigned.absolute(), source.absolute(), cwd=payload)
    tables_complete(unsigned, edition=edition, product=product, version=version)
    unsigned.replace(path)
