"""The only program on a machine that talks to the manager."""

__version__ = "0.1.0"

from seatkeep_agent.lazy import import_later

import_later("aiohttp")  # The broker's client loads it for WebSockets, which few computers need: 10 MB.
