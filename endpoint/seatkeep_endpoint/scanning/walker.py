"""Find the files below the targets without ever following a link out of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

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
            path = self.files.resolved(target)
            if self.exclusions.matches(path):
                continue
            if self.files.is_folder(path):
                yield from self.files.below(path, self.exclusions.matches, self.unreadable)
            elif self.files.exists(os.fsencode(path)):
                yield from self.files.single(path)
