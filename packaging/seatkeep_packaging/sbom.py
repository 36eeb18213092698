"""What is in a package, as CycloneDX says it, read from what is really in the payload."""

from __future__ import annotations

import uuid
from email.parser import HeaderParser
from pathlib import Path
from typing import Any

from seatkeep_packaging.editions import Edition
from seatkeep_packaging.payload import LIBRARIES
from seatkeep_packaging.runtime import Pins

Component = dict[str, Any]


def sbom_build(edition: Edition, version: str, pins: Pins, folder: Path, digest: str) -> dict[str, Any]:
    """The bill of materials of a payload.

    The serial number follows from the content, and there is no time in it: the same payload has the same bill.
    """
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, digest)}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application", "bom-ref": edition.title, "name": edition.title, "version": version,
                "licenses": [{"license": {"id": "Apache-2.0"}}],
                "hashes": [{"alg": "SHA-256", "content": digest}],
            }
        },
        "components": [python_component(pins), *library_components(folder / LIBRARIES)],
    }  # fmt: skip


def python_component(pins: Pins) -> Component:
    """CPython itself."""
    return {
        "type": "framework", "bom-ref": "cpython", "name": "cpython", "version": pins.python,
        "supplier": {"name": "Python Software Foundation"}, "licenses": [{"license": {"id": "PSF-2.0"}}],
        "cpe": f"cpe:2.3:a:python:python:{pins.python}:*:*:*:*:*:*:*", "purl": f"pkg:generic/python@{pins.python}",
        "hashes": [{"alg": "SHA-256", "content": pins.files[f"python{pins.tag}.dll"]}],
    }  # fmt: skip


def library_components(libraries: Path) -> list[Component]:
    """Every installed distribution, by its own metadata."""
    return [component(metadata) for metadata in sorted(libraries.glob("*.dist-info/METADATA"))]


def component(metadata: Path) -> Component:
    """One distribution."""
    fields = HeaderParser().parsestr(metadata.read_text(encoding="utf-8"))
    name, version = fields["Name"], fields["Version"]
    purl = f"pkg:pypi/{name.lower().replace('_', '-')}@{version}"
    found: Component = {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}
    stated = fields["License-Expression"] or fields["License"]
    if stated and "\n" not in stated:
        found["licenses"] = [{"license": {"name": stated}}]
    return found
