"""What an engine is: a name, declared capabilities, and the examination of one open file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO, Protocol

from seatkeep_protocol.protection import Capabilities


@dataclass(frozen=True)
class Finding:
    """What an engine recognized in a file.

    Attributes:
        name: The engine's name of the threat, such as "EICAR-Test-File".
        engine: The code of the engine that found it.
        is_test: True for test files that do no harm.
    """

    name: str
    engine: str
    is_test: bool = False


class Engine(Protocol):
    """One detection engine. Methods may be called from several threads."""

    @property
    def code(self) -> str:
        """Stable short name, such as "yara-x" or "clamd"."""

    def version(self) -> str:
        """Version of the engine, as it names itself; "" when it does not answer."""

    def capabilities(self) -> Capabilities:
        """What this engine can do now; the protection status follows from it."""

    def examine(self, file: BinaryIO, *, size_bytes: int) -> Finding | None:
        """Examine an open file from its start.

        Raises:
            EngineUnavailableError: The engine does not answer at all.
            EngineError: This one file could not be examined.
        """
