"""What agent and endpoint share of the operating system below them.

`Machine` says what they ask; each operating system answers in a module of its own, and nobody else imports those.
"""

from __future__ import annotations

import sys

from seatkeep_machine.base import Machine
from seatkeep_machine.errors import MachineUnsupportedError

__all__ = ["machine"]


def machine() -> Machine:
    """The machine that this process runs on.

    Raises:
        MachineUnsupportedError: No adapter exists for this operating system.
    """
    if sys.platform == "linux":
        from seatkeep_machine.linux import LinuxMachine as Here
    elif sys.platform == "win32":
        from seatkeep_machine.windows.machine import WindowsMachine as Here
    elif sys.platform == "darwin":
        from seatkeep_machine.macos import MacMachine as Here
    else:
        raise MachineUnsupportedError(f"{sys.platform} is not supported yet")
    return Here()
