"""`seatkeep restore`: from a backup file and the recovery kit (or passphrase) to an installation that can be started.

The broker's store is left empty; the manager gets a new restore id, so that agents report in full and
the publisher signs and puts every document anew.
"""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import IO

import psycopg

from seatkeep_launcher.backup import (
    FORMAT,
    KEY_PATHS,
    MANIFEST,
    SEALED,
    BackupError,
    Manifest,
    connection_environment,
    dump_url,
)
from seatkeep_launcher.databases import PROGRAMS, databases_ensure
from seatkeep_launcher.files import write_private
from seatkeep_launcher.plan import Installation
from seatkeep_launcher.postgres import find_binaries
from seatkeep_launcher.sealing import KEY_BYTES, KitKey, Opener, SealError, unseal
from seatkeep_launcher.settings import SETTINGS_FILE

Progress = Callable[[str], None]
COPY_BYTES = 1024 * 1024
# The launcher must not import the manager: it asks the manager's own process to call the service.
MARK_RESTORED = (
    "from seatkeep_manager.directory.services import instance_mark_restored; "
    "from seatkeep_webkit.actors import Actor; from seatkeep_webkit.clock import now; "
    "instance_mark_restored(actor=Actor.system('restore'), now=now())"
)


def manifest_read(backup: Path) -> Manifest:
    """What a backup says about itself.

    Raises:
        BackupError: The file is no backup, or of a newer format.
    """
    try:
        with tarfile.open(backup) as archive:
            manifest = Manifest(**json.loads(_member(archive, MANIFEST)))
    except (OSError, tarfile.TarError, ValueError, TypeError) as error:
        raise BackupError(f"{backup} is not a backup of Seatkeep") from error
    if manifest.format > FORMAT:
        raise BackupError(f"{backup} was made by the newer version {manifest.seatkeep}; update first")
    return manifest


def kit_read(path: Path) -> KitKey:
    """The key inside a recovery kit: the ZIP file that the owner downloaded, or the bare `backup.key`.

    Raises:
        BackupError: There is no key in it.
    """
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as kit:
                text = kit.read("backup.key").decode()
        else:
            text = path.read_text()
        key = bytes.fromhex(text.strip())
    except (OSError, KeyError, ValueError) as error:
        raise BackupError(f"{path} is not a recovery kit of Seatkeep") from error
    if len(key) != KEY_BYTES:
        raise BackupError(f"{path} is not a recovery kit of Seatkeep")
    return KitKey(key)


def backup_open(backup: Path, folder: Path, opener: Opener) -> dict[str, bytes]:
    """Unpack a backup into `folder` and return its keys by path; every part is checked against its sealed digest.

    Raises:
        BackupError: Damaged, tampered with, or the opener does not open it.
    """
    manifest = manifest_read(backup)
    with tarfile.open(backup) as archive:
        sealed = _member(archive, SEALED)
        try:
            keys = _untar(unseal(sealed, opener))
        except SealError as error:
            raise BackupError(str(error)) from error
        digests = json.loads(keys.pop("files.json"))
        if set(digests) | {SEALED} != set(manifest.files):
            raise BackupError("the backup lacks a part or has one too many")
        for name, digest in digests.items():
            _unpack(archive, name, digest, folder)
    return keys


def backup_restore(
    installation: Installation, backup: Path, opener: Opener, *, progress: Progress = lambda _: None
) -> None:
    """Fill an empty data folder from a backup; `seatkeep up` then runs it.

    Raises:
        BackupError: The folder holds an installation already, the backup is damaged, or the opener is wrong.
    """
    home = installation.home
    if home.secrets_file.exists():
        raise BackupError(f"{home.data} holds an installation; move it away first, or choose another by --data")
    home.make()
    parts = home.run / "restore"
    parts.mkdir(exist_ok=True)
    progress("checking and unsealing")
    keys = backup_open(backup, parts, opener)
    _write_keys(home.data, keys)
    if isinstance(opener, KitKey):
        write_private(home.data / "recovery" / "backup.key", opener.key.hex())
    if (parts / SETTINGS_FILE).stat().st_size and not (home.data / SETTINGS_FILE).exists():
        write_private(home.data / SETTINGS_FILE, (parts / SETTINGS_FILE).read_bytes())
    _fill_databases(installation, parts, manifest_read(backup).transaction, progress)
    for path in parts.iterdir():
        path.unlink()


def _refuse_low_transactions(installation: Installation, transaction: int) -> None:
    with psycopg.connect(dump_url(installation, "hub")) as link:
        row = link.execute("SELECT pg_current_xact_id()::text::bigint").fetchone()
    if row is None or int(row[0]) <= transaction:
        raise BackupError(
            "this PostgreSQL counts transactions lower than the one that was backed up: changes would be overlooked; "
            f"stop it once and run: pg_resetwal --epoch={(transaction >> 32) + 1} -D <data>"
        )


def _fill_databases(installation: Installation, parts: Path, transaction: int, progress: Progress) -> None:
    embedded = installation.postgres if installation.settings.database_url is None else None
    now = datetime.now(UTC)
    installation.certificates_ensure(now=now)
    if installation.settings.broker is None:
        installation.broker.prepare(now=now)
    if embedded:
        embedded.initialize()
        embedded.raise_epoch((transaction >> 32) + 1)
        embedded.start()
    try:
        databases_ensure(installation)
        _refuse_low_transactions(installation, transaction)
        for program in PROGRAMS:
            progress(f"restoring {program}")
            _restore_dump(installation, program, parts / f"{program}.dump")
        for program in PROGRAMS:
            progress(f"{program}: migrate")
            _run(installation, program, "migrate", "--noinput")
        progress("hub: new feed; manager: new restore id")
        _run(installation, "hub", "feed_reset")
        _run(installation, "manager", "shell", "--no-imports", "-c", MARK_RESTORED)
    finally:
        if embedded:
            embedded.stop()


def _restore_dump(installation: Installation, program: str, dump: Path) -> None:
    role = [f"--role={program}"] if installation.settings.database_url is None else []
    done = subprocess.run(
        [str(find_binaries() / "pg_restore"), "--no-owner", "--exit-on-error", "--single-transaction", *role,
         "--dbname", "", str(dump)],
        env=connection_environment(dump_url(installation, program)), stdin=subprocess.DEVNULL, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise BackupError(f"pg_restore of {program} failed: {done.stderr.strip()[-2000:]}")


def _run(installation: Installation, program: str, *command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", f"seatkeep_{program}", *command],
        env=installation.environment(program), cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise BackupError(f"{program}: {command[0]} failed: {(done.stderr or done.stdout).strip()[-2000:]}")


def _write_keys(data: Path, keys: dict[str, bytes]) -> None:
    for name, content in keys.items():
        if ".." in PurePosixPath(name).parts or not name.startswith(tuple(f"{folder}/" for folder in KEY_PATHS)):
            raise BackupError(f"the backup holds the unexpected key file {name!r}")
        write_private(data / name, content)


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    return _open_member(archive, name).read()


def _open_member(archive: tarfile.TarFile, name: str) -> IO[bytes]:
    try:
        file = archive.extractfile(name)
    except KeyError:
        file = None
    if file is None:
        raise BackupError(f"the backup has no {name}")
    return file


def _unpack(archive: tarfile.TarFile, name: str, digest: str, folder: Path) -> None:
    if PurePosixPath(name).name != name:
        raise BackupError(f"the backup holds the unexpected file {name!r}")
    target = folder / name
    target.touch(mode=0o600)
    seen = hashlib.sha256()
    with _open_member(archive, name) as source, target.open("wb") as copy:
        while chunk := source.read(COPY_BYTES):
            seen.update(chunk)
            copy.write(chunk)
    if seen.hexdigest() != digest:
        target.unlink()
        raise BackupError(f"{name} in the backup is damaged or was changed")


def _untar(packed: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        return {entry.name: _member(archive, entry.name) for entry in archive.getmembers() if entry.isfile()}
