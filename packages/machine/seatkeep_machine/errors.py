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


class FirewallError(Exception):
    """The firewall did not do what it was asked; the message is fit for a person."""


class SoftwareError(Exception):
    """A package was not installed or removed; the message is fit for a person.

    Attributes:
        code: What the package manager ended with.
        output: Its last words.
    """

    def __init__(self, detail: str, *, code: int | None = None, output: str = "") -> None:
        super().__init__(detail)
        self.code, self.output = code, output
