"""`seatkeep restore`: from a backup file and the recovery kit (or passphrase) to an installation that can be started.

The broker's store is left empty; the manager gets a new restore id, so that agents report in full and
the publisher signs and puts every document anew.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from tempfile import TemporaryFile
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
from seatkeep_launcher.settings import SETTINGS_FILE, settings_for_restore

Progress = Callable[[str], None]
COPY_BYTES = 1024 * 1024
TRANSACTION_TIMEOUT_SINCE = 170_000
"""Server version that knows `transaction_timeout`, which every script of our pg_restore sets."""


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
    settings = settings_for_restore(
        keys.pop(SETTINGS_FILE, b"").decode(), database_url=installation.settings.database_url
    )
    if installation.settings.database_url:
        databases_ensure(installation)
        _refuse_filled(installation)  # Before anything is written, so that a second try can follow.
    _write_keys(home.data, keys)
    if isinstance(opener, KitKey):
        write_private(home.data / "recovery" / "backup.key", opener.key.hex())
    if settings.strip() and not (home.data / SETTINGS_FILE).exists():
        write_private(home.data / SETTINGS_FILE, settings)
    _fill_databases(installation, parts, progress)
    for path in parts.iterdir():
        path.unlink()


def _fill_databases(installation: Installation, parts: Path, progress: Progress) -> None:
    embedded = installation.postgres if installation.settings.database_url is None else None
    now = datetime.now(UTC)
    installation.certificates_ensure(now=now)
    if installation.settings.broker is None:
        installation.broker.prepare(now=now)
    if embedded:
        embedded.start()
    try:
        databases_ensure(installation)
        _refuse_filled(installation)
        for program in PROGRAMS:
            progress(f"restoring {program}")
            _restore_dump(installation, program, parts / f"{program}.dump")
        for program in PROGRAMS:
            progress(f"{program}: migrate")
            _run(installation, program, "migrate", "--noinput")
        progress("hub: new feed; manager: new restore id")
        _run(installation, "hub", "feed_reset")
        _run(installation, "manager", "instance_mark_restored")
    finally:
        if embedded:
            embedded.stop()


def _refuse_filled(installation: Installation) -> None:
    for program in PROGRAMS:
        with psycopg.connect(dump_url(installation, program)) as link:
            if link.execute("SELECT 1 FROM pg_tables WHERE schemaname = 'public' LIMIT 1").fetchone():
                raise BackupError(f"the database {link.info.dbname} on {link.info.host} is not empty; drop it first")


def _server_version(url: str) -> int:
    with psycopg.connect(url) as link:
        return link.info.server_version


def _restore_dump(installation: Installation, program: str, dump: Path) -> None:
    """Let psql run what pg_restore writes: pg_restore itself cannot leave out what an older server does not know."""
    url = dump_url(installation, program)
    role = [f"--role={program}"] if installation.settings.database_url is None else []
    reader = [str(find_binaries() / "pg_restore"), "--no-owner", *role, "--file=-", str(dump)]
    writer = [str(find_binaries() / "psql"), "--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1"]
    with (
        TemporaryFile("w+") as said,
        subprocess.Popen(reader, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said) as source,
        subprocess.Popen(
            writer, env=connection_environment(url), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said
        ) as target,
    ):
        if source.stdout and target.stdin:
            with suppress(BrokenPipeError), source.stdout:
                _copy_script(source.stdout, target.stdin, version=_server_version(url))
        if source.wait() != 0:
            target.kill()  # Before it sees the end of the script and commits a part.
        target.communicate()
        if source.returncode or target.returncode:
            said.seek(0)
            raise BackupError(f"restoring {program} failed: {said.read().strip()[-2000:]}")


def _copy_script(source: IO[bytes], target: IO[bytes], *, version: int) -> None:
    """Copy a script of pg_restore; an older server does not get the setting that it does not know (before all data)."""
    while version < TRANSACTION_TIMEOUT_SINCE and (line := source.readline()):
        if line.startswith(b"SET transaction_timeout"):
            break
        target.write(line)
    shutil.copyfileobj(source, target, COPY_BYTES)


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
