"""What can stop a build."""

from __future__ import annotations


class PackagingError(Exception):
    """The package was not built; the message says why and, where somebody can do something, what."""


class ToolMissingError(PackagingError):
    """A program that the build needs is not on this machine."""


class UntrustedInputError(PackagingError):
    """A part of the package is not what was pinned, or its signature is not the publisher's."""
