"""Puts the import of a large library off until something of it is used."""

from __future__ import annotations

import importlib
import sys
from importlib.util import find_spec
from types import ModuleType


class Later(ModuleType):
    """Stands for a module until its first use; the one of the standard library loads at the second `import`."""

    def __getattr__(self, name: str) -> object:
        """Load the module, and give what was asked for."""
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


def import_later(name: str) -> None:
    """Let `import name` give a module that is loaded at its first use; no effect when it is loaded or not installed."""
    spec = None if name in sys.modules else find_spec(name)
    if spec is not None:
        module = Later(name)
        module.__spec__ = spec  # What the import system looks at, so that it does not count as a use.
        sys.modules[name] = module
