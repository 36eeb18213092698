"""What a file of Windows is besides its content: times, attributes, owner, access list."""

from __future__ import annotations

import sys

assert sys.platform == "win32"

import contextlib
import ctypes
from ctypes import wintypes
from typing import Any

import pywintypes
import win32con
import win32security

from seatkeep_endpoint.platforms.base import FileStamp

BASIC_INFO, DISPOSITION_INFO, DISPOSITION_INFO_EX = 0, 4, 21
DELETE_AT_ONCE = 0x1 | 0x2 | 0x10
"""DELETE, POSIX_SEMANTICS (the name goes at once), IGNORE_READONLY_ATTRIBUTE."""
EPOCH_100NS = 116_444_736_000_000_000
"""1970 in units of 100 ns since 1601."""
KEPT_ATTRIBUTES = (
    win32con.FILE_ATTRIBUTE_READONLY
    | win32con.FILE_ATTRIBUTE_HIDDEN
    | win32con.FILE_ATTRIBUTE_SYSTEM
    | win32con.FILE_ATTRIBUTE_ARCHIVE
)
OWNER_AND_LIST = win32security.OWNER_SECURITY_INFORMATION | win32security.DACL_SECURITY_INFORMATION
_set_security: Any = win32security.SetSecurityInfo
"""Its stub forbids None, which means "as it is"."""
_set_information = ctypes.WinDLL("kernel32", use_last_error=True).SetFileInformationByHandle
_set_information.argtypes = (wintypes.HANDLE, ctypes.c_int, ctypes.c_void_p, wintypes.DWORD)


class BasicInfo(ctypes.Structure):
    """FILE_BASIC_INFO: times in 100 ns since 1601 (0 = as it is) and attributes."""

    _fields_ = (
        ("created", ctypes.c_int64),
        ("accessed", ctypes.c_int64),
        ("modified", ctypes.c_int64),
        ("changed", ctypes.c_int64),
        ("attributes", wintypes.DWORD),
    )


def remove_on_close(handle: int) -> None:
    """Remove an open file; older systems take the name away when the last handle is closed.

    Raises:
        OSError: Not allowed.
    """
    at_once = wintypes.DWORD(DELETE_AT_ONCE)
    if _set_information(handle, DISPOSITION_INFO_EX, ctypes.byref(at_once), ctypes.sizeof(at_once)):
        return
    information_set(handle, BASIC_INFO, BasicInfo(attributes=win32con.FILE_ATTRIBUTE_NORMAL))
    information_set(handle, DISPOSITION_INFO, ctypes.c_ubyte(1))


def information_set(handle: int, kind: int, value: ctypes.Structure | ctypes.c_ubyte) -> None:
    """Change a file by its handle.

    Raises:
        OSError: Not allowed.
    """
    if not _set_information(handle, kind, ctypes.byref(value), ctypes.sizeof(value)):
        raise ctypes.WinError(ctypes.get_last_error())


def security_of(handle: int) -> str:
    """Owner and access list of an open file, as SDDL; "" when the file system has none."""
    try:
        found = win32security.GetSecurityInfo(handle, win32security.SE_FILE_OBJECT, OWNER_AND_LIST)
        return win32security.ConvertSecurityDescriptorToStringSecurityDescriptor(
            found, win32security.SDDL_REVISION_1, OWNER_AND_LIST
        )
    except pywintypes.error:
        return ""


def stamp_give(handle: int, stamp: FileStamp) -> None:
    """Give back access list, owner (where we may), time and attributes.

    Raises:
        OSError: Not allowed.
    """
    if stamp.security:
        security_give(handle, stamp.security)
    modified = EPOCH_100NS + stamp.modified_ns // 100
    attributes = stamp.attributes & KEPT_ATTRIBUTES or win32con.FILE_ATTRIBUTE_NORMAL
    information_set(handle, BASIC_INFO, BasicInfo(modified=modified, attributes=attributes))


def security_give(handle: int, sddl: str) -> None:
    """Put an access list on a file; what it had from its folder comes from the folder as it is now."""
    wanted = win32security.ConvertStringSecurityDescriptorToSecurityDescriptor(sddl, win32security.SDDL_REVISION_1)
    is_protected = wanted.GetSecurityDescriptorControl()[0] & win32security.SE_DACL_PROTECTED
    inheriting = (
        win32security.PROTECTED_DACL_SECURITY_INFORMATION
        if is_protected
        else win32security.UNPROTECTED_DACL_SECURITY_INFORMATION
    )
    with contextlib.suppress(pywintypes.error):
        _set_security(
            handle, win32security.SE_FILE_OBJECT, win32security.DACL_SECURITY_INFORMATION | inheriting,
            None, None, wanted.GetSecurityDescriptorDacl(), None,
        )  # fmt: skip
    with contextlib.suppress(pywintypes.error):
        _set_security(
            handle, win32security.SE_FILE_OBJECT, win32security.OWNER_SECURITY_INFORMATION,
            wanted.GetSecurityDescriptorOwner(), None, None, None,
        )  # fmt: skip
