"""`seatkeep doctor`: what could go wrong on this machine, each finding with how to mend it."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path

import psutil
import psycopg

from seatkeep_launcher.backup import dump_url, newest_backup
from seatkeep_launcher.broker import BrokerError, find_nats_server
from seatkeep_launcher.certificates import certificate_ends_at
from seatkeep_launcher.plan import Installation, public_certificate
from seatkeep_launcher.ports import taken_ports
from seatkeep_launcher.postgres import MAJOR, UPGRADE, find_binaries
from seatkeep_launcher.settings import SETTINGS_FILE, TlsMode
from seatkeep_launcher.supervisor import read_reports
from seatkeep_launcher.up import is_up, wanted_ports

LITTLE_DISK_BYTES = 5 * 2**30
NO_DISK_BYTES = 2**30
LITTLE_MEMORY_BYTES = 2 * 2**30
OLD_BACKUP = timedelta(hours=48)
CLOCK_LIMIT = timedelta(seconds=60)
CERTIFICATE_WARNING = timedelta(days=14)
RENEWAL = "seatkeep down, seatkeep up renews it; if not, seatkeep logs front-door says why"


class Verdict(Enum):
    """How bad it is; only BAD makes the command fail."""

    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"


@dataclass(frozen=True)
class Finding:
    """One checked thing.

    Attributes:
        about: What was checked.
        verdict: How it is.
        what: What was found.
        mend: What to do; empty when nothing.
    """

    about: str
    verdict: Verdict
    what: str
    mend: str = ""


def examine(installation: Installation, *, now: datetime) -> list[Finding]:
    """Run every check; one that breaks becomes a finding itself."""
    checks: dict[str, Callable[[], Finding]] = {
        "ports": lambda: check_ports(installation),
        "processes": lambda: check_processes(installation),
        "disk": lambda: judge_disk(free_bytes(installation.home.data)),
        "memory": lambda: judge_memory(psutil.virtual_memory().total),
        "clock": lambda: check_clock(installation),
        "versions": lambda: check_versions(installation),
        "permissions": lambda: check_permissions(installation),
        "certificate": lambda: check_certificate(installation, now=now),
        "backup": lambda: check_backup(installation, now=now),
    }
    return [_safely(about, check) for about, check in checks.items()]


def check_ports(installation: Installation) -> Finding:
    """Taken ports matter only while Seatkeep does not hold them itself."""
    if is_up(installation.home.run):
        return Finding("ports", Verdict.GOOD, "held by Seatkeep, which runs")
    taken = taken_ports(wanted_ports(installation))
    if not taken:
        return Finding("ports", Verdict.GOOD, "all free")
    return Finding("ports", Verdict.BAD, "; ".join(f"{one.port} is taken by {one.holder}" for one in taken),
                   f"stop it, or set {', '.join(sorted({one.variable for one in taken}))}")  # fmt: skip


def check_processes(installation: Installation) -> Finding:
    """Whether all processes are well."""
    if not is_up(installation.home.run):
        return Finding("processes", Verdict.WARNING, "Seatkeep does not run", "seatkeep up")
    ill = [one for one in read_reports(installation.home.run / "state.json") if one.state != "running"]
    if not ill:
        return Finding("processes", Verdict.GOOD, "all are well")
    what = ", ".join(f"{one.name} is {one.state} ({one.restarts} restarts)" for one in ill)
    return Finding("processes", Verdict.BAD, what, f"seatkeep logs {ill[0].name}")


def judge_disk(free: int) -> Finding:
    """Free space in the data folder, in bytes."""
    what = f"{free / 2**30:.1f} GiB free"
    if free < NO_DISK_BYTES:
        return Finding("disk", Verdict.BAD, what, "free space now: PostgreSQL stops when the disk is full")
    if free < LITTLE_DISK_BYTES:
        return Finding("disk", Verdict.WARNING, what, "free space, or move the data folder to a larger disk")
    return Finding("disk", Verdict.GOOD, what)


def judge_memory(total: int) -> Finding:
    """Memory of the machine, in bytes."""
    what = f"{total / 2**30:.1f} GiB"
    if total < LITTLE_MEMORY_BYTES:
        return Finding("memory", Verdict.WARNING, what, "2 GiB is the least that all processes fit in")
    return Finding("memory", Verdict.GOOD, what)


def check_clock(installation: Installation) -> Finding:
    """This clock beside that of a PostgreSQL of your own, else whether something keeps it: leases live by it."""
    url = dump_url(installation, "hub") if installation.settings.database_url else None
    if url is not None:
        with psycopg.connect(url, connect_timeout=3) as connection:
            row = connection.execute("SELECT clock_timestamp()").fetchone()
        return judge_clock(row[0] if row else datetime.now(UTC), now=datetime.now(UTC), source="PostgreSQL")
    is_synchronized = Path("/run/systemd/timesync/synchronized").exists() or shutil.which("chronyd") is not None
    if is_synchronized:
        return Finding("clock", Verdict.GOOD, f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC, kept by a time service")
    return Finding(
        "clock", Verdict.WARNING, f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC, no time service seen",
        "turn one on: timedatectl set-ntp true, or install chrony (inside a container the host keeps the clock)",
    )  # fmt: skip


def judge_clock(other: datetime, *, now: datetime, source: str) -> Finding:
    """Two clocks that should agree within a minute."""
    off = abs(now - other)
    if off <= CLOCK_LIMIT:
        return Finding("clock", Verdict.GOOD, f"agrees with {source}")
    return Finding("clock", Verdict.BAD, f"{off.total_seconds():.0f} s away from {source}", "timedatectl set-ntp true")


def check_versions(installation: Installation) -> Finding:
    """The programs that the wheels bring, and a PostgreSQL of your own."""
    if installation.settings.broker is None:
        try:
            find_nats_server()
        except BrokerError as error:
            return Finding("versions", Verdict.BAD, str(error), "install Seatkeep anew: make setup")
    if installation.settings.database_url is None:
        find_binaries()
        made_by = installation.postgres.made_by()
        if made_by not in (None, MAJOR):
            return Finding("versions", Verdict.BAD, f"data of PostgreSQL {made_by}, Seatkeep brings {MAJOR}", UPGRADE)
        return Finding("versions", Verdict.GOOD, f"PostgreSQL {MAJOR} and NATS come with Seatkeep")
    with psycopg.connect(dump_url(installation, "hub"), connect_timeout=3) as connection:
        major = connection.info.server_version // 10_000
    if major < 15:
        return Finding("versions", Verdict.BAD, f"PostgreSQL {major}", "Seatkeep needs PostgreSQL 15 or newer")
    return Finding("versions", Verdict.GOOD, f"PostgreSQL {major}")


def check_permissions(installation: Installation) -> Finding:
    """Secrets must be readable by their owner only."""
    folders = ("secrets", "ca", "nats/keys", "recovery")
    files = [path for name in folders for path in (installation.home.data / name).rglob("*") if path.is_file()]
    settings = installation.home.data / SETTINGS_FILE  # Addresses of your own servers carry passwords.
    files += [settings] if settings.exists() else []
    open_ones = [path for path in files if path.name != "root.crt" and is_open_to_others(path)]
    if open_ones:
        names = " ".join(str(path) for path in open_ones)
        return Finding("permissions", Verdict.BAD, f"{len(open_ones)} secret files are open to others",
                       f"chmod 600 {names}")  # fmt: skip
    return Finding("permissions", Verdict.GOOD, f"{len(files)} secret files are private")


def is_open_to_others(path: Path) -> bool:
    """Whether group or others have any right."""
    return bool(path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))


def check_certificate(installation: Installation, *, now: datetime) -> Finding:
    """The certificate that people and devices are shown: your own file, that of ACME, or the own CA's."""
    addresses = installation.settings.addresses
    public = public_certificate(addresses, installation.home.caddy / "storage")
    path = public[0] if public else installation.home.nats / "tls/server.crt"
    if not path.exists():
        return Finding("certificate", Verdict.GOOD, "made at the first start")
    days = (certificate_ends_at(path) - now).days
    is_yours = addresses.tls is TlsMode.FILES
    if certificate_ends_at(path) - now < CERTIFICATE_WARNING:
        mend = f"put a new one in place of {path}, it is taken within seconds" if is_yours else RENEWAL
        return Finding("certificate", Verdict.BAD, f"ends in {days} days", mend)
    return Finding("certificate", Verdict.GOOD, f"good for {days} days{'' if is_yours else ', renews itself'}")


def check_backup(installation: Installation, *, now: datetime) -> Finding:
    """The age of the newest backup in the usual folder."""
    newest = newest_backup(installation.home)
    if newest is None:
        return Finding(
            "backup",
            Verdict.WARNING,
            "there is none",
            "seatkeep backup, or seatkeep service install, whose timer makes one a day",
        )
    age = now - datetime.fromtimestamp(newest.stat().st_mtime, UTC)
    what = f"{newest.name}, {age.total_seconds() / 3600:.0f} h old"
    if age > OLD_BACKUP:
        return Finding("backup", Verdict.WARNING, what, "seatkeep backup")
    return Finding("backup", Verdict.GOOD, what)


def free_bytes(folder: Path) -> int:
    """Free space for this user where a folder is or would be."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def _safely(about: str, check: Callable[[], Finding]) -> Finding:
    try:
        return check()
    except (OSError, psycopg.Error, psutil.Error) as error:
        return Finding(about, Verdict.BAD, f"could not be checked: {error}", "see the message")
