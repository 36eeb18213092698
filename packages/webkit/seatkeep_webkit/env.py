"""Typed readers of environment variables; a wrong value is refused at start with its name and the reason."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"", "0", "false", "no", "off"}


class SettingError(Exception):
    """A setting is missing or wrong.

    Args:
        name: The environment variable.
        reason: What is wrong, without the value where it may be secret.
    """

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.name = name
        self.reason = reason


def env_str(name: str, *, default: str | None = None) -> str:
    """Read a text; without a default it must be there and not empty."""
    value = os.environ.get(name, "")
    if value:
        return value
    if default is None:
        raise SettingError(name, "must be set")
    return default


def env_url(name: str, *, default: str | None = None, schemes: tuple[str, ...] = ()) -> str:
    """Read an absolute URL, without a slash at the end; an empty default means "not set"."""
    value = env_str(name, default=default).rstrip("/")
    if not value:
        return value
    parts = _split(name, value)
    if not parts[0] or not parts[1]:
        raise SettingError(name, "must be an absolute URL, such as https://licensing.example.com")
    if schemes and parts[0] not in schemes:
        raise SettingError(name, f"must begin with {' or '.join(scheme + '://' for scheme in schemes)}")
    return value


def env_path(name: str, *, default: str | None = None) -> Path:
    """Read an absolute path."""
    path = Path(env_str(name, default=default)).expanduser()
    if not path.is_absolute():
        raise SettingError(name, "must be an absolute path")
    return path


def env_bool(name: str, *, default: bool = False) -> bool:
    """Read 1/true/yes/on or 0/false/no/off."""
    value = os.environ.get(name)
    if value is None:
        return default
    if value.lower() not in _TRUE | _FALSE:
        raise SettingError(name, "must be 1 or 0")
    return value.lower() in _TRUE


def env_int(name: str, *, default: int | None = None, minimum: int = 0) -> int:
    """Read a whole number, at least `minimum`."""
    text = env_str(name, default=None if default is None else str(default))
    try:
        value = int(text)
    except ValueError:
        raise SettingError(name, "must be a whole number") from None
    if value < minimum:
        raise SettingError(name, f"must be at least {minimum}")
    return value


def env_list(name: str, *, default: str | None = "") -> list[str]:
    """Read a list with commas between; blanks and empty entries fall away."""
    return [part.strip() for part in env_str(name, default=default).split(",") if part.strip()]


def _split(name: str, value: str) -> tuple[str, str]:
    try:
        parts = urlsplit(value)
        _ = parts.port  # A port that is no number is found only when it is asked for.
    except ValueError as error:
        raise SettingError(name, f"is not a URL: {error}") from None
    # A database URL over a socket has its host in the query: postgresql:///name?host=/folder
    return parts.scheme, parts.netloc or parts.path
