"""What wixl cannot say, written into the package's tables afterwards."""

from __future__ import annotations

from pathlib import Path

from seatkeep_packaging.actions import PUBLIC_PROPERTIES, actions
from seatkeep_packaging.editions import UPGRADE_CODE, Edition, package_code
from seatkeep_packaging.tools import run

# msidbUpgradeAttributes: versions from the lowest to the highest, both included.
INCLUDING_BOTH = 256 + 512
UPGRADE_COLUMNS = ("UpgradeCode", "VersionMin", "VersionMax", "Attributes", "ActionProperty")
SECURE = ("OLDPRODUCTS", "NEWERPRODUCT", *PUBLIC_PROPERTIES)


def tables_complete(path: Path, *, edition: Edition, product: str, version: str) -> None:
    """Complete a package that wixl made.

    Sets the types of the custom actions, the properties that cross over to the installing service, the bounds of an
    upgrade, and a package code that follows from the product: wixl draws one by lot.
    """
    bounds = f"'{{{str(UPGRADE_CODE).upper()}}}', '0.0.0', '{version}', {INCLUDING_BOTH}, 'OLDPRODUCTS'"
    types = [
        update("CustomAction", "Type", str(step.type), f"Action = '{step.name}'") for step in actions(edition.code)
    ]
    statements = [
        update("Property", "Value", f"'{';'.join(SECURE)}'", "Property = 'SecureCustomProperties'"),
        "DELETE FROM `Upgrade` WHERE `ActionProperty` = 'OLDPRODUCTS'",
        f"INSERT INTO `Upgrade` ({', '.join(f'`{column}`' for column in UPGRADE_COLUMNS)}) VALUES ({bounds})",  # noqa: S608
        *types,
    ]
    run("msibuild", path, "-q", *statements)
    run("msibuild", path, "-s", f"{edition.title} {version}", "Seatkeep", "x64;1033", f"{{{package_code(product)}}}")


def update(table: str, column: str, value: str, where: str) -> str:
    """A statement of Windows Installer's SQL; every part of it is our own, never somebody's input."""
    return f"UPDATE {table} SET {column} = {value} WHERE {where}"  # noqa: S608
