"""The uninstall code: keeps hasty hands from removing protection. An administrator who means it can always do so."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from pathlib import Path

from seatkeep_machine.files import file_replace

from seatkeep_msi.errors import CodeUnreadableError, UninstallCodeError

FILE = Path("var") / "uninstall-code.json"
COST = {"n": 2**14, "r": 8, "p": 1}


def code_set(root: Path, code: str) -> None:
    """Ask for `code` from now on; only a slow hash of it is kept."""
    salt = secrets.token_bytes(16)
    stored = {"salt": salt.hex(), "scrypt": digest(code, salt).hex()}
    file_replace(root / FILE, json.dumps(stored).encode())


def code_check(root: Path, code: str) -> None:
    """Let through whoever knows the code, and everybody when none was set.

    Raises:
        UninstallCodeError: A code was set and this is not it.
        CodeUnreadableError: What was set cannot be read.
    """
    path = root / FILE
    try:
        stored = json.loads(path.read_text())
        salt, wanted = bytes.fromhex(stored["salt"]), bytes.fromhex(stored["scrypt"])
    except FileNotFoundError:
        return
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CodeUnreadableError(f"{path} cannot be read: {error}") from error
    if not hmac.compare_digest(digest(code, salt), wanted):
        raise UninstallCodeError("UNINSTALLCODE is not the code that was set when Seatkeep was installed")


def digest(code: str, salt: bytes) -> bytes:
    """Slow on purpose."""
    return hashlib.scrypt(code.encode(), salt=salt, **COST)
