"""Names under `.localhost` mean this machine, also where the C library does not know it.

The only impure module of the package: it patches the resolver of the running program, and nothing else.

Source:
    RFC 6761 §6.3.
"""

from __future__ import annotations

import socket
from typing import Any

_MARK = "_seatkeep_resolves_localhost"


def is_localhost_name(host: object) -> bool:
    """Tell whether a host name is `localhost` or ends in `.localhost`, in any case and with or without a final dot."""
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    if not isinstance(host, str):
        return False
    name = host.lower().removesuffix(".")
    return name == "localhost" or name.endswith(".localhost")


def install_localhost_names() -> None:
    """Let `socket.getaddrinfo` resolve `*.localhost` to 127.0.0.1. Idempotent; every program calls it at start."""
    resolve = socket.getaddrinfo
    if getattr(resolve, _MARK, False):
        return

    def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        return resolve("127.0.0.1" if is_localhost_name(host) else host, *args, **kwargs)

    setattr(getaddrinfo, _MARK, True)
    socket.getaddrinfo = getaddrinfo
