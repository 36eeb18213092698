"""Why a step of the installer stops it; the sentence goes to the event log."""

from __future__ import annotations


class StepError(Exception):
    """A step of the installer cannot go on; Windows Installer undoes what it did."""


class SettingError(StepError):
    """A setting has a value that cannot be used; the message names it."""


class UninstallCodeError(StepError):
    """The uninstall code is wrong or missing."""


class CodeUnreadableError(StepError):
    """What was set as uninstall code cannot be read."""
