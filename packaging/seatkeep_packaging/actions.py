"""What the package has done on the machine while Windows Installer works (seatkeep_msi/__main__.py)."""

from __future__ import annotations

from dataclasses import dataclass

# msidbCustomActionType: a program that the package installs (18), its command line not in the log (8192); most of them
# in the script (1024), as the system (2048).
AT_ONCE = 18 + 8192
PROGRAM = AT_ONCE + 1024 + 2048
MAY_FAIL = 64
WHEN_UNDONE = 256

# Where the agent keeps keys and data. Said, not looked up: a service may see another environment than an installer.
DATA = r'"--root=[CommonAppDataFolder]Seatkeep"'

# What a caller may give on msiexec's command line.
SECRET_PROPERTIES = ("KEY", "UNINSTALLCODE")
SETTINGS = ("SERVER", "GROUP", "PROXY", "CAFILE", *SECRET_PROPERTIES)
PUBLIC_PROPERTIES = (*SETTINGS, "KEEPDATA")

INSTALLING = 'NOT (REMOVE="ALL")'
REPAIRING = f"Installed AND {INSTALLING}"
NEW = "NOT Installed"
REMOVED = 'REMOVE="ALL"'
# Wine never says UPGRADINGPRODUCTCODE; the steps see by themselves when the service is another program's by now.
REMOVING = f"{REMOVED} AND NOT UPGRADINGPRODUCTCODE"


@dataclass(frozen=True)
class Action:
    """One step.

    Attributes:
        name: As in the log.
        command: Arguments of pythonw.exe; `[NAME]` is a property.
        condition: When it runs.
        sequence: Its place among the standard actions (InstallInitialize 1500, StopServices 1900, RemoveFiles 3500,
            InstallFiles 4000, InstallFinalize 6600).
        type: msidbCustomActionType.
    """

    name: str
    command: str
    condition: str
    sequence: int
    type: int = PROGRAM


def actions(edition: str) -> tuple[Action, ...]:
    """The steps of an edition. Each value is one argument of its own after `=`, so that none can become an option."""
    values = " ".join(f'"--{name.lower()}=[{name}]"' for name in SETTINGS)
    host = "-B -m seatkeep_msi"
    return (
        Action("SeatkeepCheck", f'{host} check {DATA} "--uninstallcode=[UNINSTALLCODE]"', REMOVING, 1450, AT_ONCE),
        Action(
            "SeatkeepLeave",
            f'{host} leave {DATA} "--uninstallcode=[UNINSTALLCODE]" "--keepdata=[KEEPDATA]"',
            REMOVING,
            1890,
        ),
        Action("SeatkeepWait", f"-B -m seatkeep_msi.waiting {DATA}", REPAIRING, 1910, PROGRAM | MAY_FAIL),
        Action("SeatkeepPurge", f'{host} purge {DATA} "--keepdata=[KEEPDATA]"', REMOVED, 2010, PROGRAM | MAY_FAIL),
        Action("SeatkeepUndo", f"{host} undo {DATA}", NEW, 5840, PROGRAM | MAY_FAIL | WHEN_UNDONE),
        Action(
            "SeatkeepConfigure",
            f"{host} configure {DATA} --edition={edition} --version=[ProductVersion]"
            f' "--package=[OriginalDatabase]" {values}',
            INSTALLING,
            5850,
        ),
    )
