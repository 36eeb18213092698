"""The source of a package in WiX's language, as far as wixl understands it; the rest is in tables.py."""

from __future__ import annotations

import hashlib
from pathlib import Path, PurePosixPath
from xml.etree.ElementTree import Element, ElementTree, SubElement, indent

from seatkeep_packaging.actions import DATA, actions
from seatkeep_packaging.editions import UPGRADE_CODE, Edition, component_code
from seatkeep_packaging.payload import payload_files

NAMESPACE = "http://schemas.microsoft.com/wix/2006/wi"
# The one without a console: a service has none, and a step of the installer shows none.
INTERPRETER = PurePosixPath("pythonw.exe")
SERVICE = "SeatkeepAgent"
REGISTRY = r"SOFTWARE\Seatkeep"
EVENT_SOURCE = r"SYSTEM\CurrentControlSet\Services\EventLog\Application\Seatkeep"
# Part of every Windows; its messages 1 to 1000 are the text that is reported.
EVENT_MESSAGES = r"[%SystemRoot]\System32\EventCreate.exe"
PROPERTIES = {
    "ARPNOMODIFY": "1",
    # Costing sees the older version's files, and would leave out what is "newer" there.
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
    keep = SubElement(root, "Property", Id="KEEPDATA")
    SubElement(
        keep, "RegistrySearch", Id="KeepData", Root="HKLM", Key=rf"{REGISTRY}\Settings", Name="KeepData", Type="raw",
        Win64="yes",
    )  # fmt: skip
    _upgrade(root, version)
    target = SubElement(root, "Directory", Id="TARGETDIR", Name="SourceDir")
    programs = SubElement(target, "Directory", Id="ProgramFiles64Folder")
    install = SubElement(programs, "Directory", Id="InstallFolder", Name="Seatkeep")
    components = _files(install, payload, edition)
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


def _files(install: Element, payload: Path, edition: Edition) -> list[str]:
    """One component for each file, so that each is repaired by itself; returns their names."""
    folders: dict[PurePosixPath, Element] = {PurePosixPath("."): install}
    names = []
    for file in map(PurePosixPath, (path.as_posix() for path in payload_files(payload))):
        folder = _folder(folders, file.parent)
        name = identifier("c", file)
        component = SubElement(folder, "Component", Id=name, Guid=component_code(str(file)), Win64="yes")
        SubElement(component, "File", Id=identifier("f", file), Name=file.name, Source=str(file), KeyPath="yes")
        if file == INTERPRETER:
            _service(component)
            _registry(component, edition)
        names.append(name)
    return names


def _folder(folders: dict[PurePosixPath, Element], path: PurePosixPath) -> Element:
    if path not in folders:
        parent = _folder(folders, path.parent)
        folders[path] = SubElement(parent, "Directory", Id=identifier("d", path), Name=path.name)
    return folders[path]


def _service(component: Element) -> None:
    SubElement(
        component, "ServiceInstall", Id="Service", Name=SERVICE, DisplayName="Seatkeep Agent",
        Description="Connects this computer to its Seatkeep console.", Type="ownProcess", Start="auto",
        ErrorControl="normal", Account="LocalSystem", Arguments=f"-B -m seatkeep_msi.service {DATA}", Vital="yes",
    )  # fmt: skip
    SubElement(
        component, "ServiceControl", Id="Service", Name=SERVICE, Start="install", Stop="both", Remove="uninstall",
        Wait="yes",
    )  # fmt: skip


def _registry(component: Element, edition: Edition) -> None:
    for key, name, kind, value in (
        (REGISTRY, "Version", "string", "[ProductVersion]"),
        (REGISTRY, "Edition", "string", edition.code),
        (REGISTRY, "InstallFolder", "string", "[InstallFolder]"),
        (EVENT_SOURCE, "EventMessageFile", "string", EVENT_MESSAGES),
        (EVENT_SOURCE, "TypesSupported", "integer", "7"),
    ):
        SubElement(component, "RegistryValue", Root="HKLM", Key=key, Name=name, Type=kind, Value=value)


def _actions(product: Element, edition: Edition) -> None:
    steps = actions(edition.code)
    for step in steps:
        SubElement(
            product, "CustomAction", Id=step.name, FileKey=identifier("f", INTERPRETER), ExeCommand=step.command,
            Execute="deferred", Impersonate="no", Return="check",
        )  # fmt: skip
    sequence = SubElement(product, "InstallExecuteSequence")
    SubElement(sequence, "RemoveExistingProducts", Sequence="1510")
    for step in steps:
        SubElement(sequence, "Custom", Action=step.name, Sequence=str(step.sequence)).text = step.condition


def identifier(kind: str, path: PurePosixPath) -> str:
    """A name in the package's tables, the same in every version."""
    return f"{kind}{hashlib.sha256(str(path).lower().encode()).hexdigest()[:24]}"
