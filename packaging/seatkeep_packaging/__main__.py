"""`python -m seatkeep_packaging`: build the Windows packages into build/packages."""

from __future__ import annotations

import argparse
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from seatkeep_agent import __version__

from seatkeep_packaging.build import package_build
from seatkeep_packaging.editions import EDITIONS, ROOT
from seatkeep_packaging.errors import PackagingError
from seatkeep_packaging.signing import signer_choose

MEGABYTE = 1_000_000


def main(arguments: list[str] | None = None) -> int:
    """Build; 1 when a package was not built."""
    parser = argparse.ArgumentParser(prog="seatkeep-packages", description=__doc__)
    parser.add_argument("--edition", choices=sorted(EDITIONS), action="append", help="only this one")
    parser.add_argument("--version", default=__version__, help="version of the packages")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "packages", help="where the packages go")
    options = parser.parse_args(arguments)
    try:
        build(options.edition or sorted(EDITIONS), options.version, options.out)
    except PackagingError as error:
        sys.stderr.write(f"packages: {error}\n")
        return 1
    return 0


def build(editions: list[str], version: str, out: Path) -> None:
    """Build editions and say what came out.

    Raises:
        PackagingError: One was not built.
    """
    out.mkdir(parents=True, exist_ok=True)
    now = datetime.now(UTC)
    signer = signer_choose(out, now)
    for code in editions:
        began = time.monotonic()
        package = package_build(EDITIONS[code], version, out=out, signer=signer, now=now)
        sizes = (
            f"{package.path.stat().st_size / MEGABYTE:.1f} MB, {package.installed_bytes / MEGABYTE:.0f} MB installed"
        )
        sys.stdout.write(f"packages: {package.path}: {sizes}, made in {time.monotonic() - began:.0f} s\n")
        sys.stdout.write(f"packages:   payload SHA-256 {package.digest}, signed by: {signer.name}\n")


if __name__ == "__main__":
    sys.exit(main())
