"""What can go wrong for a simulated device or a bench."""

from __future__ import annotations


class BenchError(Exception):
    """The simulator or a bench cannot go on."""


class RefusedError(BenchError):
    """A server refused a request for good."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        """Keep the HTTP status and the problem's stable code."""
        super().__init__(f"{status} {code}: {detail}")
        self.status = status
        self.code = code


class TryAgainError(BenchError):
    """A server asks to come back later, or could not be reached."""

    def __init__(self, detail: str, *, after_seconds: float) -> None:
        """Keep how long to wait, seconds."""
        super().__init__(detail)
        self.after_seconds = after_seconds
