"""Edition, software and people of a Windows machine, from the registry and the terminal services."""

from __future__ import annotations

import sys

assert sys.platform == "win32"

import os
import winreg
from collections.abc import Iterator
from contextlib import suppress

import psutil
import pywintypes
import win32net
import win32netcon
import win32ts
from seatkeep_machine.windows.identity import cpu_name, firmware, registry_text
from seatkeep_protocol.messages import Hardware, OsInfo, Software
from seatkeep_protocol.vocabulary import DeviceKind, OsFamily

from seatkeep_agent.platforms.inventory import MAX_SOFTWARE, disks, network_cards

VERSION_KEY = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion"
LOGON_KEY = r"SOFTWARE\Microsoft\Windows\CurrentVersion\Authentication\LogonUI"
RESTART_KEYS = (
    r"SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\RebootRequired",
    r"SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending",
)
"""Keys that are there exactly while Windows waits for a restart."""
UNINSTALL_KEY = r"SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall"
PRODUCT_KEY = r"SYSTEM\CurrentControlSet\Control\ProductOptions"
FIRST_BUILD_OF_11 = 22000
ARCHITECTURES = {"AMD64": "x86_64", "ARM64": "aarch64", "x86": "i686"}
VIEWS = (winreg.KEY_WOW64_64KEY, winreg.KEY_WOW64_32KEY)


def os_info() -> OsInfo:
    """The operating system, as `winver` shows it."""
    build = registry_text(VERSION_KEY, "CurrentBuildNumber")
    name = registry_text(VERSION_KEY, "ProductName").removeprefix("Microsoft ")
    if build.isdigit() and int(build) >= FIRST_BUILD_OF_11:  # Windows 11 still calls itself 10 there.
        name = name.replace("Windows 10", "Windows 11")
    revision = registry_text(VERSION_KEY, "UBR")
    release = registry_text(VERSION_KEY, "DisplayVersion") or registry_text(VERSION_KEY, "CSDVersion")
    return OsInfo(
        family=OsFamily.WINDOWS,
        name=name[:255] or "Windows",
        version=(release or build)[:255],
        arch=architecture(),
        edition=registry_text(VERSION_KEY, "EditionID")[:255],
        build=f"{build}.{revision}" if build and revision else build,
    )


def architecture() -> str:
    """The machine's own, also when this Python is emulated."""
    name = os.environ.get("PROCESSOR_ARCHITEW6432") or os.environ.get("PROCESSOR_ARCHITECTURE", "")
    return ARCHITECTURES.get(name, name)[:255]


def kind() -> DeviceKind:
    """Workstation or server, as Windows was installed."""
    is_workstation = registry_text(PRODUCT_KEY, "ProductType") in ("WinNT", "")
    return DeviceKind.WORKSTATION if is_workstation else DeviceKind.SERVER


def hardware() -> Hardware:
    """What the machine is made of."""
    maker = firmware()
    return Hardware(
        manufacturer=maker.manufacturer,
        model=maker.model,
        serial=maker.serial,
        cpu=cpu_name(),
        cpu_cores=psutil.cpu_count() or 0,
        ram_bytes=psutil.virtual_memory().total,
        disks=disks(),
        network=network_cards(),
    )


def software() -> list[Software]:
    """Installed programs, as "Apps & features" lists them for all users, by name, each once."""
    found = {(entry.name, entry.version): entry for view in VIEWS for entry in installed(view)}
    return sorted(found.values(), key=lambda entry: entry.name.lower())[:MAX_SOFTWARE]


def installed(view: int) -> Iterator[Software]:
    """Programs of one view (64 or 32 bit) of the registry; updates and parts of other programs are left out."""
    with suppress(OSError), winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, UNINSTALL_KEY, 0, winreg.KEY_READ | view) as key:
        for number in range(winreg.QueryInfoKey(key)[0]):
            with suppress(OSError), winreg.OpenKey(key, winreg.EnumKey(key, number)) as entry:
                values = registry_values(entry)
                if values.get("DisplayName") and not values.get("SystemComponent") and not values.get("ParentKeyName"):
                    yield Software(
                        name=str(values["DisplayName"])[:255],
                        version=str(values.get("DisplayVersion", ""))[:255],
                        vendor=str(values.get("Publisher", ""))[:255],
                    )


def registry_values(key: winreg.HKEYType) -> dict[str, object]:
    """All values of a key."""
    return {name: value for name, value, _ in (winreg.EnumValue(key, at) for at in range(winreg.QueryInfoKey(key)[1]))}


def active_sessions() -> list[int]:
    """Sessions in which somebody works now."""
    with suppress(pywintypes.error):
        return [int(one["SessionId"]) for one in win32ts.WTSEnumerateSessions() if one["State"] == win32ts.WTSActive]
    return []


def user() -> str:
    """Who is signed in, as `DOMAIN\\name`, or ""."""
    for session in active_sessions():
        with suppress(pywintypes.error):
            name = win32ts.WTSQuerySessionInformation(win32ts.WTS_CURRENT_SERVER_HANDLE, session, win32ts.WTSUserName)
            domain = win32ts.WTSQuerySessionInformation(
                win32ts.WTS_CURRENT_SERVER_HANDLE, session, win32ts.WTSDomainName
            )
            if name:
                return (f"{domain}\\{name}" if domain else str(name))[:255]
    return ""


def last_user() -> str:
    """Who is signed in, or was last, or ""."""
    return user() or registry_text(LOGON_KEY, "LastLoggedOnUser")[:255]


def needs_restart() -> bool:
    """Whether Windows Update or the servicing of components waits for a restart."""
    return any(_has_key(path) for path in RESTART_KEYS)


def _has_key(path: str) -> bool:
    wanted = winreg.KEY_READ | winreg.KEY_WOW64_64KEY
    with suppress(OSError), winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, path, access=wanted):
        return True
    return False


def domain() -> str:
    """The domain that the machine is joined to, or ""; a workgroup is none."""
    with suppress(pywintypes.error):
        name, status = win32net.NetGetJoinInformation()
        return str(name)[:255] if status == win32netcon.NetSetupDomainName else ""
    return ""
