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
        from seatkeep_endpoint.platforms.linux import LinuxPlatform as Here
    elif sys.platform == "win32":
        from seatkeep_endpoint.platforms.windows import WindowsPlatform as Here
    elif sys.platform == "darwin":
        from seatkeep_endpoint.platforms.macos import MacPlatform as Here
    else:
        raise PlatformUnsupportedError(sys.platform)
    return Here()
