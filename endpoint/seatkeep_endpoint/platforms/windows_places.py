"""Paths of Windows: how the system takes them literally, and where an open file really is."""

from __future__ import annotations

import sys

assert sys.platform == "win32"

import ctypes
import ntpath
import os
from ctypes import wintypes

import pywintypes
import win32api
import win32file

PREFIX, UNC_PREFIX = "\\\\?\\", "\\\\?\\UNC\\"
LONGEST_PATH = 32_768
"""Characters that a path with the prefix may have."""
NAME_INFO = 2
_kernel = ctypes.WinDLL("kernel32", use_last_error=True)
_final_path = _kernel.GetFinalPathNameByHandleW
_final_path.argtypes = (wintypes.HANDLE, wintypes.LPWSTR, wintypes.DWORD, wintypes.DWORD)
_file_information = _kernel.GetFileInformationByHandleEx
_file_information.argtypes = (wintypes.HANDLE, ctypes.c_int, ctypes.c_void_p, wintypes.DWORD)


class NameInfo(ctypes.Structure):
    """FILE_NAME_INFO: a path below the root of its volume, in bytes of UTF-16."""

    _fields_ = (("length", wintypes.DWORD), ("name", wintypes.WCHAR * LONGEST_PATH))


def is_plain(path: str) -> bool:
    """Whether a path names a file and nothing cleverer: no stream of a file (`a.txt:evil`), no step up, no device."""
    drive, rest = ntpath.splitdrive(path)
    steps = rest.split("\\")[1:]
    return bool(drive) and rest.startswith("\\") and not {"", ".", ".."} & set(steps) and not set(":/") & set(rest)


def extended(path: str) -> str:
    """An absolute path with the prefix that takes it literally."""
    if path.startswith(PREFIX):
        return path
    return UNC_PREFIX + path[2:] if path.startswith("\\\\") else PREFIX + path


def plain(path: str) -> str:
    """An absolute path as people write it."""
    if path.startswith(UNC_PREFIX):
        return "\\\\" + path.removeprefix(UNC_PREFIX)
    return path.removeprefix(PREFIX)


def real_path(target: str) -> str:
    """A path that a person named, absolute and without links; as it is where the system cannot say."""
    named = ntpath.abspath(target)
    try:
        return plain(os.path.realpath(extended(named)))
    except OSError:
        return plain(named)


def is_at(handle: int, path: str) -> bool:
    """Whether an open file or folder really is where its path says."""
    found = ctypes.create_unicode_buffer(LONGEST_PATH)
    length = _final_path(handle, found, LONGEST_PATH, 0)
    if length == 0:
        return is_on_volume_at(handle, plain(path))
    return length < LONGEST_PATH and ntpath.normcase(found.value) == ntpath.normcase(extended(path))


def is_on_volume_at(handle: int, path: str) -> bool:
    """The same for volumes that the system has no name for (some RAM disks; Wine beyond 260 characters)."""
    drive, below = ntpath.splitdrive(path)
    found = NameInfo()
    try:
        volume = win32api.GetVolumeInformation(f"{drive}\\")[1]
    except pywintypes.error:
        return False
    if not _file_information(handle, NAME_INFO, ctypes.byref(found), ctypes.sizeof(found)):
        return False
    is_same_volume = volume & 0xFFFFFFFF == win32file.GetFileInformationByHandle(handle)[4] & 0xFFFFFFFF
    name: str = found.name[: found.length // 2]
    return is_same_volume and ntpath.normcase(name) == ntpath.normcase(below)
