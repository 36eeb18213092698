"""`seatkeep backup`: one file with both databases at one point, and settings and keys, sealed.

One point: hub and manager processes are halted (SIGSTOP) for the moment in which a snapshot of each database is
exported; what was committed is in both, what was not is in neither. The dumps then run from those snapshots while
everything goes on. The broker's store is not in the file: the bucket is a projection that the publisher rebuilds, and
the backup first waits until the manager has read what devices have reported so far.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import signal
import subprocess
import tarfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import psycopg

from seatkeep_launcher.databases import PROGRAMS
from seatkeep_launcher.files import write_private
from seatkeep_launcher.home import Home
from seatkeep_launcher.plan import Installation
from seatkeep_launcher.postgres import find_binaries
from seatkeep_launcher.sealing import KitKey, Opener, kit_key_generate, seal
from seatkeep_launcher.settings import SETTINGS_FILE
from seatkeep_launcher.supervisor import read_reports

FORMAT = 1
UNREAD_SECONDS = 10.0
SEALED = "keys.sealed"
MANIFEST = "manifest.json"
BACKUP_MARK = "made-at"
"""The manager (problems.instance) reads its time."""
KEY_PATHS = ("secrets", "ca", "nats/keys")
"""Folders whose files are keys, below the data folder; they leave it only sealed."""


class BackupError(Exception):
    """A backup could not be made, or a file is not a good backup."""


@dataclass(frozen=True)
class Manifest:
    """What a backup holds.

    Attributes:
        made_at_us: Unix microseconds of the common point.
        seatkeep: Version that made it.
        files: Name → SHA-256 (hex).
        public_url: Where it ran, for the one who finds the file.
    """

    format: int
    made_at_us: int
    seatkeep: str
    files: Mapping[str, str]
    public_url: str


def kit_key(home: Home) -> KitKey:
    """The key of this installation's recovery kit, made at the first call.

    It lies in `recovery/`, from where the hub packs it into the kit that the owner downloads.
    """
    path = home.data / "recovery" / "backup.key"
    if not path.exists():
        path.parent.mkdir(mode=0o700, exist_ok=True)
        write_private(path, kit_key_generate().key.hex())
    return KitKey(bytes.fromhex(path.read_text().strip()))


def backup_create(installation: Installation, target: Path, *, openers: Sequence[Opener], now: datetime) -> Manifest:
    """Write a backup file (0600) while Seatkeep runs.

    Args:
        installation: What to back up; its PostgreSQL must run.
        target: The file to write; it appears only when it is whole.
        openers: Ways to open the keys besides this installation's recovery kit.
        now: Aware UTC.

    Raises:
        BackupError: PostgreSQL does not answer, or a dump fails.
    """
    wait_until_read(installation)
    with TemporaryDirectory(dir=installation.home.run) as folder:
        parts = Path(folder)
        _dump_databases(installation, parts)
        files = {path.name: _digest(path) for path in sorted(parts.iterdir())}
        keys = collect_keys(installation.home)
        keys["files.json"] = json.dumps(files).encode()  # Sealed digests: a swapped dump is noticed.
        sealed = seal(_tar(keys), [kit_key(installation.home), *openers])
        (parts / SEALED).write_bytes(sealed)
        manifest = Manifest(
            FORMAT, int(now.timestamp() * 1_000_000), version("seatkeep-launcher"),
            {**files, SEALED: hashlib.sha256(sealed).hexdigest()}, installation.settings.addresses.console_url,
        )  # fmt: skip
        _pack(parts, manifest, target)
    return manifest


def newest_backup(home: Home) -> Path | None:
    """The newest backup in the usual folder."""
    found = sorted(home.backups.glob("seatkeep-*.backup")) if home.backups.exists() else []
    return found[-1] if found else None


def backup_mark(home: Home) -> None:
    """Leave word in the usual folder that a backup was made, wherever its file is: the console warns of old ones."""
    home.backups.mkdir(parents=True, exist_ok=True)
    (home.backups / BACKUP_MARK).touch()


def backup_name(now: datetime) -> str:
    """The usual file name; sorts by time."""
    return f"seatkeep-{now:%Y%m%dT%H%M%SZ}.backup"


def collect_keys(home: Home) -> dict[str, bytes]:
    """Every key file and the settings, which may hold passwords, by path below the data folder."""
    files = [path for folder in KEY_PATHS for path in sorted((home.data / folder).rglob("*")) if path.is_file()]
    settings = home.data / SETTINGS_FILE
    files += [settings] if settings.exists() else []
    return {str(path.relative_to(home.data)): path.read_bytes() for path in files}


def dump_url(installation: Installation, program: str) -> str:
    """The connection that may read and write all of a program's database."""
    if installation.settings.database_url is None:
        return installation.postgres.url(program)
    return installation.database_url(program)


def wait_until_read(installation: Installation, *, seconds: float = UNREAD_SECONDS) -> int:
    """Wait until the manager has taken in what the embedded broker holds; returns how many reports are left."""
    if installation.settings.broker is not None:
        return 0
    deadline = time.monotonic() + seconds
    while (unread := installation.broker.unread()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return unread


def _dump_databases(installation: Installation, parts: Path) -> None:
    try:
        with ExitStack() as stack:
            links = {name: stack.enter_context(psycopg.connect(dump_url(installation, name))) for name in PROGRAMS}
            snapshots = _snapshots(installation, links)
            dumps = [_dump(installation, name, snapshots[name], parts / f"{name}.dump") for name in PROGRAMS]
            for name, dump in zip(PROGRAMS, dumps, strict=True):
                _, error = dump.communicate()
                if dump.returncode != 0:
                    raise BackupError(f"pg_dump of {name} failed: {error.strip()}")
    except psycopg.Error as error:
        raise BackupError(f"PostgreSQL does not answer (is Seatkeep up?): {str(error).strip()}") from error


def _snapshots(installation: Installation, links: Mapping[str, psycopg.Connection]) -> dict[str, str]:
    for link in links.values():
        link.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
    with halted(_program_pids(installation.home)):
        return {name: _export(link) for name, link in links.items()}


def _export(link: psycopg.Connection) -> str:
    row = link.execute("SELECT pg_export_snapshot()").fetchone()
    if row is None:
        raise BackupError("PostgreSQL gave no snapshot")
    return str(row[0])


def _program_pids(home: Home) -> list[int]:
    reports = read_reports(home.run / "state.json")
    return [report.pid for report in reports if report.pid and report.name.startswith(("hub-", "manager-"))]


@contextmanager
def halted(pids: Sequence[int]) -> Iterator[None]:
    """Halt processes and their children for as long as the block runs; they go on whatever happens."""
    stopped: list[psutil.Process] = []
    try:
        for pid in pids:
            try:
                family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
            except psutil.NoSuchProcess:
                continue
            for process in family:
                stopped.append(process)
                process.suspend()
        yield
    finally:
        for process in stopped:
            if process.is_running():
                process.send_signal(signal.SIGCONT)


def _dump(installation: Installation, name: str, snapshot: str, target: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [str(find_binaries() / "pg_dump"), "--format=custom", "--no-owner", f"--snapshot={snapshot}",
         f"--file={target}"],
        env=connection_environment(dump_url(installation, name)), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip


def connection_environment(url: str) -> dict[str, str]:
    """`PG…` variables for PostgreSQL's tools, so that no password stands on a command line."""
    names = {
        "host": "PGHOST",
        "port": "PGPORT",
        "user": "PGUSER",
        "password": "PGPASSWORD",
        "dbname": "PGDATABASE",
        "sslmode": "PGSSLMODE",
        "sslrootcert": "PGSSLROOTCERT",
    }
    given = psycopg.conninfo.conninfo_to_dict(url)
    return {**os.environ, **{variable: str(given[name]) for name, variable in names.items() if given.get(name)}}


def _pack(parts: Path, manifest: Manifest, target: Path) -> None:
    staging = target.with_name(f".{target.name}.part")
    content = json.dumps(asdict(manifest), indent=1).encode()
    with os.fdopen(os.open(staging, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as raw:
        with tarfile.open(fileobj=raw, mode="w") as archive:
            archive.addfile(_entry(MANIFEST, content), io.BytesIO(content))
            for path in sorted(parts.iterdir()):
                archive.add(path, path.name)
        raw.flush()
        os.fsync(raw.fileno())
    staging.rename(target)


def _tar(files: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in files.items():
            archive.addfile(_entry(name, content), io.BytesIO(content))
    return packed.getvalue()


def _entry(name: str, content: bytes) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), 0o600
    return entry


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
