"""What differs by operating system; `platform()` gives the one this machine needs."""

from __future__ import annotations

import sys

from seatkeep_endpoint.errors import PlatformUnsupportedError
from seatkeep_endpoint.platforms.base import Platform


def platform() -> Platform:
    """The platform of this machine.

    Raises:
        PlatformUnsupportedError: No implementation exists for this operating system.
    """
    if sys.platform == "linux":
        from seatkeep_endpoint.platforms.linux import LinuxPlatform

        return LinuxPlatform()
    raise PlatformUnsupportedError(sys.platform)
