"""What differs by operating system; `platform()` gives the one this machine needs."""

from __future__ import annotations

import sys

from seatkeep_agent.errors import PlatformUnsupportedError
from seatkeep_agent.platforms.base import Platform


def platform() -> Platform:
    """The platform of this machine.

    Raises:
        PlatformUnsupportedError: No implementation exists for this operating system.
    """
    if sys.platform == "linux":
        from seatkeep_agent.platforms.linux import LinuxPlatform as Here
    elif sys.platform == "win32":
        from seatkeep_agent.platforms.windows import WindowsPlatform as Here
    elif sys.platform == "darwin":
        from seatkeep_agent.platforms.macos import MacPlatform as Here
    else:
        raise PlatformUnsupportedError(f"{sys.platform} is not supported yet")
    return Here()
