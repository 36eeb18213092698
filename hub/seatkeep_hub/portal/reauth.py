"""Pages that show secrets ask for the password or second factor again, unless that was done minutes ago."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from allauth.account.decorators import reauthentication_required

_View = TypeVar("_View", bound=Callable[..., object])


def reauthentication_needed(view: _View) -> _View:
    """Let a view run only shortly after its reader proved who they are; else they are asked, and come back."""
    return cast("_View", reauthentication_required(view))
