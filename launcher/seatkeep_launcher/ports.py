"""TCP ports: free ones for tests, and who holds one that is taken."""

from __future__ import annotations

import secrets
import socket
from dataclasses import dataclass

import psutil

QUIET_PORTS = range(11_000, 32_000)
"""Below those that the kernel gives to outgoing connections (32768 and up on Linux), which may take any at any time."""
PORT_ATTEMPTS = 100


@dataclass(frozen=True)
class TakenPort:
    """A port that another process listens on.

    Attributes:
        holder: Name and pid of that process, or that it cannot be seen.
    """

    port: int
    variable: str
    holder: str

    def __str__(self) -> str:
        return f"port {self.port} is taken by {self.holder}: stop it, or choose another port by {self.variable}"


def find_free_port(host: str = "127.0.0.1") -> int:
    """A TCP port that nothing listened on a moment ago, and that no outgoing connection takes meanwhile.

    Raises:
        RuntimeError: None was found.
    """
    for _ in range(PORT_ATTEMPTS):
        port = secrets.choice(QUIET_PORTS)
        if is_free(port, host):
            return port
    raise RuntimeError("no free port")


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a listener could be opened.

    Raises:
        PermissionError: Ports below 1024 are not for this user.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError:
            raise
        except OSError:
            return False
        return True


def taken_ports(wanted: dict[int, str]) -> list[TakenPort]:
    """Those of the wanted ports (port → variable that sets it) that are taken, and by whom."""
    return [TakenPort(port, variable, holder(port)) for port, variable in wanted.items() if not is_free(port)]


def holder(port: int) -> str:
    """Name and pid of the process that listens on a port."""
    try:
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port and connection.pid:
                return f"{psutil.Process(connection.pid).name()} (pid {connection.pid})"
    except psutil.Error:
        pass
    return "a process of another user"
