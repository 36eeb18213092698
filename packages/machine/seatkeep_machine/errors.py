"""What can be wrong with a machine."""

from __future__ import annotations


class MachineUnsupportedError(Exception):
    """This operating system has no adapter."""


class PeerAbsentError(Exception):
    """Nobody listens on the local channel."""


class PeerStrangeError(PeerAbsentError):
    """Somebody else than this user or the system listens on the local channel."""


class FolderForeignError(OSError):
    """A folder of ours exists already and belongs to somebody who must not be trusted."""
