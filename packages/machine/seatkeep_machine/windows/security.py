"""Who may do what, in Windows' words: SIDs, access control lists, owners."""

from __future__ import annotations

import sys

assert sys.platform == "win32"

from functools import cache
from pathlib import Path
from typing import Any

import pywintypes
import win32api
import win32con
import win32file
import win32security

from seatkeep_machine.errors import FolderForeignError
from seatkeep_machine.windows.errors import as_os_error

SYSTEM, ADMINISTRATORS, USERS = "S-1-5-18", "S-1-5-32-544", "S-1-5-32-545"
INHERITED = "OICI"
FILE_ALL, EVENT_ALL = "FA", "0x1f0003"
OWNER_AND_LIST = win32security.OWNER_SECURITY_INFORMATION | win32security.DACL_SECURITY_INFORMATION


@cache
def own_sid() -> str:
    """The user that this process runs as."""
    return token_sid(win32security.TokenUser)


@cache
def owner_sid() -> str:
    """Who owns what this process makes: the user, or the Administrators when it is a service or runs elevated."""
    return token_sid(win32security.TokenOwner)


def token_sid(kind: int) -> str:
    """A SID of this process's token, as text."""
    token = win32security.OpenProcessToken(win32api.GetCurrentProcess(), win32con.TOKEN_QUERY)
    found = win32security.GetTokenInformation(token, kind)
    sid = found[0] if isinstance(found, tuple) else found
    return win32security.ConvertSidToStringSid(sid)


def is_trusted(sid: str) -> bool:
    """Whether this user, the system or the Administrators is meant."""
    return sid in (own_sid(), owner_sid(), SYSTEM, ADMINISTRATORS)


def access_list(*, is_private: bool, inheritance: str = "", full: str = FILE_ALL) -> str:
    """An access list (SDDL) that takes nothing over from the folder above.

    The system, the Administrators and the owner do everything; users read when it is not private.

    Args:
        is_private: Whether users are kept out.
        inheritance: `INHERITED` for folders: what is made inside gets the same list.
        full: What "everything" is for this kind of object.
    """
    owners = [f"(A;{inheritance};{full};;;{sid})" for sid in dict.fromkeys((SYSTEM, ADMINISTRATORS, owner_sid()))]
    readers = [] if is_private else [f"(A;{inheritance};0x1200a9;;;{USERS})"]
    return "D:P" + "".join([*owners, *readers])


def security_attributes(sddl: str) -> Any:
    """For a new file, folder, pipe or event: this owner, and this access list."""
    made: Any = pywintypes.SECURITY_ATTRIBUTES()
    made.SECURITY_DESCRIPTOR = win32security.ConvertStringSecurityDescriptorToSecurityDescriptor(
        f"O:{owner_sid()}{sddl}", win32security.SDDL_REVISION_1
    )
    return made


def owner_of_object(handle: int) -> str:
    """The owner of a kernel object, such as a pipe."""
    found = win32security.GetSecurityInfo(
        handle, win32security.SE_KERNEL_OBJECT, win32security.OWNER_SECURITY_INFORMATION
    )
    return win32security.ConvertSidToStringSid(found.GetSecurityDescriptorOwner())


def owner_of_file(path: Path) -> str:
    """The owner of a file or folder."""
    found = win32security.GetFileSecurity(str(path), win32security.OWNER_SECURITY_INFORMATION)
    return win32security.ConvertSidToStringSid(found.GetSecurityDescriptorOwner())


def is_real_folder(path: Path) -> bool:
    """Whether a folder is there, and no link to one."""
    attributes = win32file.GetFileAttributes(str(path))
    is_folder = attributes != -1 and attributes & win32con.FILE_ATTRIBUTE_DIRECTORY
    return bool(is_folder) and not attributes & win32con.FILE_ATTRIBUTE_REPARSE_POINT


def folder_guard(folder: Path, *, is_private: bool) -> None:
    """Make a folder with our access list, or put that list on the one that is there.

    Raises:
        FolderForeignError: It is there and belongs to a user: what is in it cannot be trusted. (Anybody may make
            folders in ProgramData, so one could lie in wait for us.)
        OSError: Not allowed.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    attributes = security_attributes(access_list(is_private=is_private, inheritance=INHERITED))
    with as_os_error(folder):
        try:
            win32file.CreateDirectory(str(folder), attributes)
        except pywintypes.error:
            if not is_real_folder(folder):
                raise
            if not is_trusted(owner_of_file(folder)):
                raise FolderForeignError(f"{folder} was made by somebody else; look at it and remove it") from None
            list_kind = win32security.DACL_SECURITY_INFORMATION
            win32security.SetFileSecurity(str(folder), list_kind, attributes.SECURITY_DESCRIPTOR)
