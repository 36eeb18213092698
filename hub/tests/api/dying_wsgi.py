"""The hub's pages and API as production serves them, which a request may kill between its commit and its answer."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable
from typing import Any

from seatkeep_hub.project.wsgi import application as hub


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer; a request with `X-Die` ends the process when its work is committed and nothing is said yet."""
    answer = hub(environ, start_response)
    if "HTTP_X_DIE" in environ:
        os.kill(os.getpid(), signal.SIGKILL)
    return answer
