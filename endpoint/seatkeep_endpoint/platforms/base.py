"""What the endpoint asks of an operating system, beyond what every machine answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol

from seatkeep_machine.base import Machine

from seatkeep_endpoint.defender.runner import Runner


@dataclass(frozen=True)
class FileStamp:
    """What a file was besides its content, to give it back the same.

    Attributes:
        mode: `st_mode`.
        uid: Owner; 0 where users have no numbers.
        gid: Group; 0 where groups have no numbers.
        modified_ns: Time of the last change, ns since 1970.
        size_bytes: Size.
        attributes: Attribute bits of Windows; 0 elsewhere.
        security: Owner and access list as SDDL; "" where `mode`, `uid` and `gid` say it.
    """

    mode: int
    uid: int
    gid: int
    modified_ns: int
    size_bytes: int
    attributes: int = 0
    security: str = ""


class FoundFile(Protocol):
    """A regular file that a walk came by; valid until the walk goes on."""

    @property
    def path(self) -> str:
        """Its absolute path."""

    def open(self) -> int:
        """A descriptor of the file itself, never of what a link points to; the caller closes it.

        Raises:
            OSError: Not readable, gone, or no longer a regular file.
        """

    def remove(self, descriptor: int) -> None:
        """Remove the very file that is open.

        Raises:
            QuarantineRaceError: The name stands for another file by now; that one is left alone.
            OSError: Not allowed, or somebody holds it.
        """


class Files(Protocol):
    """The files of this machine, touched so that nobody can lead us to other ones."""

    @property
    def always_excluded(self) -> Sequence[str]:
        """Folders that hold no files of anybody."""

    def comparable(self, path: str) -> str:
        """A path or pattern as exclusions compare it: `/` between the steps; one spelling where case does not count."""

    def resolved(self, target: str) -> str:
        """A target that a person named, absolute and without links."""

    def is_folder(self, path: str) -> bool:
        """Whether a folder stands at a resolved path."""

    def single(self, path: str) -> Iterator[FoundFile]:
        """The file at a resolved path, or nothing."""

    def below(
        self, top: str, is_excluded: Callable[[str], bool], unreadable: Callable[[str], None]
    ) -> Iterator[FoundFile]:
        """Every regular file below a resolved folder; links are not followed.

        Args:
            top: An absolute path without links.
            is_excluded: Whether a path is left out, folders with all that is in them.
            unreadable: Called with the path of each folder that could not be read.
        """

    def stamp(self, descriptor: int) -> FileStamp:
        """What an open file is besides its content."""

    def exists(self, path: bytes) -> bool:
        """Whether something stands at a stored path, a link included."""

    def restore(self, path: bytes, stamp: FileStamp) -> AbstractContextManager[BinaryIO]:
        """Make a file at a stored path, for the caller to fill; at the end it gets its stamp and is synced.

        Nobody else can open it meanwhile, and when the block fails it is gone. Set-user-id bits are not given back;
        the owner only where we may.

        Raises:
            RestoreTargetExistsError: Something is there already.
            RestorePathChangedError: The folder is gone or became a link.
        """


class FolderWatch(Protocol):
    """Folders that are being watched."""

    def close(self) -> None:
        """Stop watching. Idempotent."""


class Platform(Machine, Protocol):
    """Everything that differs by operating system, so that no other module has to know one."""

    @property
    def files(self) -> Files:
        """The files of this machine."""

    def default_settings(self) -> dict[str, Any]:
        """Settings whose default depends on the system."""

    def defender_runner(self) -> Runner | None:
        """How Microsoft Defender is asked here; None on a system that has none."""

    def watch(
        self, folders: Sequence[str], on_written: Callable[[str], None], on_lost: Callable[[str], None]
    ) -> FolderWatch:
        """Hear of files that are written below folders, as the system tells it; they are examined after the fact.

        Args:
            folders: Absolute; one that does not exist is passed over.
            on_written: Called in a thread of the watch with the path of each file that was written or moved in.
            on_lost: Called there with a folder of which events were lost.
        """
