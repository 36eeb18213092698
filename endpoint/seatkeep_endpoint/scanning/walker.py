"""Find the files below the targets without ever following a link out of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from seatkeep_endpoint.platforms.base import Files, FoundFile
from seatkeep_endpoint.scanning.exclusions import Exclusions


@dataclass
class Walk:
    """A walk over targets.

    Attributes:
        files: The files of this machine.
        exclusions: Paths left out.
        unreadable: Called with the path of each folder that could not be read.
    """

    files: Files
    exclusions: Exclusions
    unreadable: Callable[[str], None] = field(default=lambda path: None)

    def found(self, targets: Iterable[str]) -> Iterator[FoundFile]:
        """Every regular file below the targets, each target resolved once because a person named it."""
        for target in targets:
            path = Path(target).resolve()
            if self.exclusions.matches(str(path)):
                continue
            if path.is_dir():
                yield from self.files.below(str(path), self.exclusions.matches, self.unreadable)
            elif path.exists():
                yield from self.files.single(str(path))
