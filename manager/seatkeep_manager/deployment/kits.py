"""What a console offers to install one key's computers: commands, packages, settings files, scripts for an RMM."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import version as installed_version
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from django.conf import settings

from seatkeep_manager.deployment.payload import Edition, Package, Payload, agent_newest, packages_find, payload_find
from seatkeep_manager.deployment.quoting import CommandLineError, fill, msi_property, powershell_inside, sh_inside
from seatkeep_manager.deployment.rules import System, Wish, ca_check, command_for, wish_check

_TEMPLATES = files(__package__).joinpath("templates/deployment")
UTF8_MARK = "\ufeff"
"""Windows PowerShell reads a script without it in the machine's old code page."""


class Action(StrEnum):
    """What a ready script does."""

    INSTALL = "install"
    REPAIR = "repair"
    REMOVE = "remove"
    DETECT = "detect"
    STATE = "state"


@dataclass(frozen=True)
class KitFile:
    """A file to take along.

    Attributes:
        name: File name.
        text: What is in it.
        has_key: The key stands in it.
    """

    name: str
    text: str
    has_key: bool = False


@dataclass(frozen=True)
class Kit:
    """Everything for one key, system, edition, group and proxy.

    Attributes:
        wish: What was asked.
        live_command: Downloads, checks and installs, pasted by a person.
        package: What the other ways install; None when it has not been built.
        package_command: Installs a downloaded package; "" where a value cannot stand on a command line.
        settings_file: Carries key and settings beside a package.
        authority: The console's own certificate authority; None with a public certificate.
        scripts: One file per action, without the key.
        version: What the scripts take for recent enough.
    """

    wish: Wish
    live_command: str
    package: Package | Payload | None
    package_command: str
    settings_file: KitFile
    authority: KitFile | None
    scripts: Mapping[Action, KitFile]
    version: str

    @property
    def intune_install(self) -> str:
        """What Intune runs beside package and settings file; the settings file carries the key."""
        return f"msiexec /i {self.package.name} /qn" if isinstance(self.package, Package) else ""

    @property
    def intune_uninstall(self) -> str:
        """What Intune runs to remove any version."""
        return f"powershell.exe -NoProfile -ExecutionPolicy Bypass -File {self.scripts[Action.REMOVE].name}"

    @property
    def files(self) -> list[KitFile]:
        """All files."""
        return [self.settings_file, *([self.authority] if self.authority else []), *self.scripts.values()]


def kit_make(*, key: str, wish: Wish) -> Kit:
    """What the console offers for a key.

    Args:
        key: The secret of an install link or deployment key.
        wish: System, edition, group, proxy.

    Raises:
        WishInvalidError: Group or proxy cannot be used.
    """
    wish_check(wish)
    return _windows_kit(key, wish) if wish.system is System.WINDOWS else _linux_kit(key, wish)


def kit_archive(kit: Kit) -> bytes:
    """All files as a zip; the same kit gives the same bytes."""
    written = BytesIO()
    with ZipFile(written, "w", ZIP_DEFLATED) as archive:
        for file in kit.files:
            archive.writestr(ZipInfo(file.name), file.text, ZIP_DEFLATED)
    return written.getvalue()


def windows_script(*, action: Action = Action.INSTALL, wish: Wish | None = None) -> str:
    """The PowerShell script of this console; it holds no key and is the same for everybody without a wish."""
    wish, packages = wish or Wish(), windows_packages()
    values = {
        "ACTION": action.value,
        "CONSOLE": settings.CONSOLE_DEVICE_URL.rstrip("/"),
        "EDITION": wish.edition.value,
        "GROUP": wish.group,
        "PROXY": wish.proxy,
        "VERSION": packages[wish.edition].version if wish.edition in packages else "",
        "CA_PEM": device_ca(),
    }
    for edition in Edition:
        package = packages.get(edition)
        values[f"{edition.name}_NAME"] = package.name if package else ""
        values[f"{edition.name}_SHA256"] = package.payload.sha256 if package else ""
    return fill(_TEMPLATES.joinpath("seatkeep.ps1").read_text(), values, inside=powershell_inside)


def linux_action_script(*, action: Action, wish: Wish) -> str:
    """The shell script for an RMM; it holds no key."""
    values = {
        "ACTION": action.value,
        "CONSOLE": settings.CONSOLE_DEVICE_URL.rstrip("/"),
        "GROUP": wish.group,
        "PROXY": wish.proxy,
        "VERSION": installed_version("seatkeep-manager"),
        "CA_PEM": device_ca(),
    }
    return fill(_TEMPLATES.joinpath("seatkeep.sh").read_text(), values, inside=sh_inside)


def windows_packages() -> dict[Edition, Package]:
    """The Windows packages that this console offers, if `make packages` has made any."""
    return packages_find(_bundle())


def linux_payload() -> Payload | None:
    """The archive that the Linux script downloads, if `make bundle` has made one."""
    return payload_find(_bundle())


def agent_version_newest() -> tuple[int, ...] | None:
    """The newest version of the agent that this console hands out; None where it hands out none."""
    return agent_newest(_bundle())


def device_ca() -> str:
    """The own CA that devices have to trust; empty with public certificates."""
    path = settings.DEVICE_CA
    return ca_check(Path(path).read_text()) if path else ""


def _bundle() -> Path | None:
    return Path(settings.BUNDLE_DIR) if settings.BUNDLE_DIR else None


def _authority() -> KitFile | None:
    pem = device_ca()
    return KitFile("ca.pem", pem + "\n") if pem else None


def _windows_kit(key: str, wish: Wish) -> Kit:
    package, authority = windows_packages().get(wish.edition), _authority()
    scripts = {
        action: KitFile(f"seatkeep-{action}.ps1", UTF8_MARK + windows_script(action=action, wish=wish))
        for action in Action
    }
    return Kit(
        wish=wish,
        live_command=command_for(console_url=settings.CONSOLE_URL, key=key, wish=wish),
        package=package,
        package_command=_msiexec(package, key, wish, has_authority=authority is not None) if package else "",
        settings_file=KitFile("seatkeep.ini", _ini(key, wish, has_authority=authority is not None), has_key=True),
        authority=authority,
        scripts=scripts,
        version=package.version if package else "",
    )


def _msiexec(package: Package, key: str, wish: Wish, *, has_authority: bool) -> str:
    given = {
        "SERVER": settings.CONSOLE_DEVICE_URL.rstrip("/"), "KEY": key, "GROUP": wish.group, "PROXY": wish.proxy,
        "CAFILE": r"C:\Temp\ca.pem" if has_authority else "",
    }  # fmt: skip
    try:
        words = [msi_property(name, value) for name, value in given.items() if value]
    except CommandLineError:
        return ""
    return " ".join(["msiexec", "/i", package.name, "/qn", *words])


def _ini(key: str, wish: Wish, *, has_authority: bool) -> str:
    given = {
        "Server": settings.CONSOLE_DEVICE_URL.rstrip("/"), "Key": key, "Group": wish.group, "Proxy": wish.proxy,
        "CaFile": "ca.pem" if has_authority else "",
    }  # fmt: skip
    return "\r\n".join(["[Seatkeep]", *(f"{name} = {value}" for name, value in given.items() if value), ""])


def _linux_kit(key: str, wish: Wish) -> Kit:
    given = {"SEATKEEP_KEY": key, "SEATKEEP_GROUP": wish.group, "SEATKEEP_PROXY": wish.proxy}
    payload = linux_payload()
    command = command_for(console_url=settings.CONSOLE_URL, key=key, wish=wish)
    return Kit(
        wish=wish,
        live_command=command,
        package=payload,
        package_command=f"{command.removesuffix(' sh')} SEATKEEP_PAYLOAD={payload.path.name} sh" if payload else "",
        settings_file=KitFile(
            "install.conf", "".join(f"{name}={value}\n" for name, value in given.items() if value), has_key=True
        ),
        authority=_authority(),
        scripts={
            action: KitFile(f"seatkeep-{action}.sh", linux_action_script(action=action, wish=wish)) for action in Action
        },
        version=installed_version("seatkeep-manager"),
    )
