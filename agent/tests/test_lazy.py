"""What most computers never use is not loaded by the agent, and is there when it is used."""

from __future__ import annotations

import subprocess
import sys

LOADED = """
import sys
import seatkeep_agent.daemon
assert "aiohttp.client" not in sys.modules, "loaded by the import"
from seatkeep_agent.proxied import aiohttp
assert aiohttp.ClientSession.__module__ == "aiohttp.client"
import aiohttp as again
assert again.ClientSession is aiohttp.ClientSession
"""


def test_websockets_are_loaded_at_their_first_use():
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
