"""The source of a package in WiX's language, as far as wixl understands it; the rest is in tables.py."""

from __future__ import annotations

import hashlib
from pathlib import Path, PurePosixPath
from xml.etree.ElementTree import Element, ElementTree, SubElement, indent

from seatkeep_packaging.actions import actions
from seatkeep_packaging.editions import UPGRADE_CODE, Edition, component_code
from seatkeep_packaging.payload import payload_files

NAMESPACE = "http://schemas.microsoft.com/wix/2006/wi"
# The one without a console: a service has none, and a step of the installer shows none.
INTERPRETER = PurePosixPath("pythonw.exe")
SERVICE = "SeatkeepAgent"
# The new program is there, whole, and serves before anything of the old one goes. Still before the new product is
# registered (6100): Wine forgets with the old one that the new one is its successor.
DO_SO_FAR, REMOVE_OLD = "5950", "5960"
PROPERTIES = {
    "ARPNOMODIFY": "1",
    # A file that an installation without an end has left is written again.
    "REINSTALLMODE": "amus",
    # It would ask our own processes to close before the service control stops them.
    "MSIRESTARTMANAGERCONTROL": "Disable",
    "MsiHiddenProperties": "KEY;UNINSTALLCODE",
}
ELSEWHERE = "A newer version of Seatkeep is installed; remove it first."
NOT_WINDOWS_10 = "Seatkeep needs Windows 10, Windows Server 2016 or newer."
NO_RIGHTS = "Only an administrator can install Seatkeep."


def source_write(path: Path, *, edition: Edition, version: str, payload: Path, product: str) -> None:
    """Write the .wxs of an edition.

    Args:
        path: Where.
        edition: Which one.
        version: Three numbers, as Windows Installer compares them.
        payload: The folder that is installed.
        product: The product code.
    """
    wix = Element("Wix", xmlns=NAMESPACE)
    root = SubElement(
        wix, "Product", Id=product, Name=edition.title, Language="1033",
        Codepage="65001", Version=version, Manufacturer="Seatkeep", UpgradeCode=str(UPGRADE_CODE).upper(),
    )  # fmt: skip
    SubElement(
        root, "Package", InstallerVersion="500", Compressed="yes", InstallScope="perMachine",
        Description=f"{edition.title} {version}", Comments="Apache License 2.0",
    )  # fmt: skip
    SubElement(root, "Media", Id="1", Cabinet="payload.cab", EmbedCab="yes")
    for name, value in PROPERTIES.items():
        SubElement(root, "Property", Id=name, Value=value)
    _upgrade(root, version)
    target = SubElement(root, "Directory", Id="TARGETDIR", Name="SourceDir")
    programs = SubElement(target, "Directory", Id="ProgramFiles64Folder")
    install = SubElement(programs, "Directory", Id="InstallFolder", Name="Seatkeep")
    program = SubElement(install, "Directory", Id="ProgramFolder", Name=program_folder(version, product))
    components = [_place(install), *_files(program, payload)]
    _actions(root, edition)
    feature = SubElement(root, "Feature", Id="Seatkeep", Title=edition.title, Level="1")
    for component in components:
        SubElement(feature, "ComponentRef", Id=component)
    indent(wix)
    ElementTree(wix).write(path, encoding="utf-8", xml_declaration=True)


def _upgrade(product: Element, version: str) -> None:
    """Replace any older version and the other edition of the same one; refuse to go back."""
    upgrade = SubElement(product, "Upgrade", Id=str(UPGRADE_CODE).upper())
    SubElement(upgrade, "UpgradeVersion", Minimum="0.0.0", Maximum=version, Property="OLDPRODUCTS")
    SubElement(
        upgrade, "UpgradeVersion", Minimum=version, IncludeMinimum="no", OnlyDetect="yes", Property="NEWERPRODUCT"
    )
    for condition, message in (
        ("NOT NEWERPRODUCT", ELSEWHERE),
        ("Installed OR (VersionNT64 >= 603)", NOT_WINDOWS_10),
        ("Installed OR Privileged", NO_RIGHTS),
    ):
        SubElement(product, "Condition", Message=message).text = condition


def _place(install: Element) -> str:
    """The folder above all versions, which goes with the last of them; returns the component's name."""
    component = SubElement(install, "Component", Id="Place", Guid=component_code("."), Win64="yes")
    SubElement(component, "CreateFolder")
    return component.attrib["Id"]


def _files(program: Element, payload: Path) -> list[str]:
    """One component for each file, so that each is repaired by itself; returns their names."""
    folders: dict[PurePosixPath, Element] = {PurePosixPath("."): program}
    root = program.attrib["Name"]
    names = []
    for file in map(PurePosixPath, (path.as_posix() for path in payload_files(payload))):
        folder = _folder(folders, file.parent)
        name = identifier("c", file)
        component = SubElement(folder, "Component", Id=name, Guid=component_code(f"{root}/{file}"), Win64="yes")
        SubElement(component, "File", Id=identifier("f", file), Name=file.name, Source=str(file), KeyPath="yes")
        if file == INTERPRETER:
            _service(component)
        names.append(name)
    return names


def _folder(folders: dict[PurePosixPath, Element], path: PurePosixPath) -> Element:
    if path not in folders:
        parent = _folder(folders, path.parent)
        folders[path] = SubElement(parent, "Directory", Id=identifier("d", path), Name=path.name)
    return folders[path]


def _service(component: Element) -> None:
    """Windows Installer stops it while files are written; everything else about it is done by our own steps.

    Nothing at removal: the old version is removed when the service already belongs to the new one.
    """
    SubElement(component, "ServiceControl", Id="Service", Name=SERVICE, Stop="install", Wait="yes")


def _actions(product: Element, edition: Edition) -> None:
    steps = actions(edition.code)
    for step in steps:
        SubElement(
            product, "CustomAction", Id=step.name, FileKey=identifier("f", INTERPRETER), ExeCommand=step.command,
            Execute="deferred", Impersonate="no", Return="check",
        )  # fmt: skip
    sequence = SubElement(product, "InstallExecuteSequence")
    SubElement(sequence, "InstallExecute", Sequence=DO_SO_FAR)
    SubElement(sequence, "RemoveExistingProducts", Sequence=REMOVE_OLD)
    for step in steps:
        SubElement(sequence, "Custom", Action=step.name, Sequence=str(step.sequence)).text = step.condition


def program_folder(version: str, product: str) -> str:
    """The folder of one product's files, so that an older and a newer one lie side by side for a moment."""
    return f"{version}-{product[:8].lower()}"


def identifier(kind: str, path: PurePosixPath) -> str:
    """A name in the package's tables, the same in every version."""
    return f"{kind}{hashlib.sha256(str(path).lower().encode()).hexdigest()[:24]}"
