"""Errors of the agent; set-up turns each into an exit code and a last line that tells the truth."""

from __future__ import annotations

from enum import IntEnum
from typing import Any, ClassVar


class ExitCode(IntEnum):
    """What `seatkeep-agent setup` ends with."""

    PROTECTED = 0
    UNREACHABLE = 4
    KEY_REJECTED = 5
    LOCAL_FAILURE = 6
    WAITING_FOR_APPROVAL = 10
    NOT_LICENSED = 11


class AgentError(Exception):
    """Base of the agent's errors."""

    exit_code: ClassVar[ExitCode] = ExitCode.LOCAL_FAILURE


class PlatformUnsupportedError(AgentError):
    """This operating system has no platform implementation."""


class LocalFailureError(AgentError):
    """Something on this machine is in the way: a folder, a service, the endpoint."""


class WorkFailedError(LocalFailureError):
    """Work for a task came to its end, and failed.

    Attributes:
        result: What came out nevertheless.
    """

    def __init__(self, detail: str, result: dict[str, Any]) -> None:
        super().__init__(detail)
        self.result = result


class ManagerUnreachableError(AgentError):
    """The manager cannot be reached, is not trusted, or does not make sense now; the request may be tried again."""

    exit_code = ExitCode.UNREACHABLE

    def __init__(self, detail: str, retry_after_seconds: float | None = None) -> None:
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds


class ManagerRefusedError(AgentError):
    """The manager refused for good.

    Attributes:
        problem: The `code` of its problem+json answer (wire §6).
        server_time_us: Its clock, microseconds since 1970, when it said it.
    """

    exit_code = ExitCode.KEY_REJECTED

    def __init__(self, problem: str, detail: str = "", server_time_us: int | None = None) -> None:
        super().__init__(detail or problem)
        self.problem = problem
        self.server_time_us = server_time_us


class BrokerUnsafeError(AgentError):
    """The broker's address does not promise TLS; the agent does not go there."""

    exit_code = ExitCode.UNREACHABLE


class SpoolFullError(AgentError):
    """The disk is full; the message was not stored."""


class EndpointRefusedError(AgentError):
    """The endpoint refused a request.

    Attributes:
        code: Its stable code.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail or code)
        self.code = code


class EndpointAbsentError(AgentError):
    """The endpoint does not run or does not answer."""
