"""Cutting a machine off the network, all but a few ways; `firewall()` gives the adapter this machine needs."""

from __future__ import annotations

import sys
from pathlib import Path

from seatkeep_machine.errors import MachineUnsupportedError
from seatkeep_machine.firewall.base import Firewall


def firewall(root: Path) -> Firewall:
    """The firewall of this machine.

    Args:
        root: The installation; what must survive a restart is kept below its `var`.

    Raises:
        MachineUnsupportedError: No adapter exists for this operating system.
    """
    if sys.platform == "linux":
        from seatkeep_machine.firewall.nftables import NftFirewall as Here
    elif sys.platform == "win32":
        from seatkeep_machine.firewall.windows import WindowsFirewall as Here
    else:
        raise MachineUnsupportedError(f"{sys.platform} cannot be cut off the network yet")
    return Here(root)
