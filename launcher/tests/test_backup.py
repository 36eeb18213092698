"""Backup and restore on a real embedded PostgreSQL, with two small databases in place of hub and manager."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from seatkeep_launcher import postgres, restore
from seatkeep_launcher.backup import BACKUP_MARK, BackupError, backup_create, backup_mark, halted, kit_key
from seatkeep_launcher.databases import databases_ensure
from seatkeep_launcher.home import Home
from seatkeep_launcher.plan import Installation
from seatkeep_launcher.ports import find_free_port
from seatkeep_launcher.postgres import Postgres, PostgresError
from seatkeep_launcher.restore import backup_open, backup_restore, kit_read
from seatkeep_launcher.sealing import Passphrase, kit_key_generate
from seatkeep_launcher.settings import SETTINGS_FILE, Ports, Settings

pytestmark = pytest.mark.services
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
WORDS = Passphrase("a sentence that nobody guesses")


def _installation(folder: Path) -> Installation:
    settings = Settings(folder, Ports(internal=find_free_port() - 5))
    return Installation(settings, Home(folder))


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder that PostgreSQL's user can pass into (pytest's own are private to root)."""
    made = Path("/var/tmp") / f"seatkeep-test-{os.getpid()}"
    made.mkdir(mode=0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="module")
def source(folder: Path) -> Iterator[Installation]:
    """A running installation with a counter in each database."""
    installation = _installation(folder / "source")
    installation.home.make()
    installation.certificates_ensure(now=NOW)
    installation.broker.prepare(now=NOW)
    (installation.home.data / SETTINGS_FILE).write_text("SEATKEEP_SMTP_URL=smtp://relay:mail-password@mail\n")
    installation.postgres.start()
    databases_ensure(installation)
    for program in ("hub", "manager"):
        with psycopg.connect(installation.database_url(program)) as connection:
            connection.execute("CREATE TABLE counter (n bigint NOT NULL)")
            connection.execute("INSERT INTO counter VALUES (0)")
    yield installation
    installation.postgres.stop()


@pytest.fixture(scope="module")
def backup(source: Installation, folder: Path) -> Path:
    """A good backup."""
    target = folder / "good.backup"
    backup_create(source, target, openers=[WORDS], now=NOW)
    return target


def _count(installation: Installation, program: str) -> int:
    with psycopg.connect(installation.database_url(program)) as connection:
        row = connection.execute("SELECT n FROM counter").fetchone()
    assert row is not None
    return int(row[0])


WRITER = """
import sys, psycopg
hub, manager = (psycopg.connect(url, autocommit=True) for url in sys.argv[1:])
print("ready", flush=True)
while True:
    for link in (hub, manager):
        link.execute("UPDATE counter SET n = n + 1")
"""


def test_both_databases_are_from_one_point_under_a_writer(
    source: Installation, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    urls = [source.database_url(program) for program in ("hub", "manager")]
    with subprocess.Popen([sys.executable, "-c", WRITER, *urls], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        monkeypatch.setattr("seatkeep_launcher.backup._program_pids", lambda _: [writer.pid])
        backup_create(source, folder / "busy.backup", openers=[], now=NOW)
        before = _count(source, "hub")
        time.sleep(0.2)
        assert _count(source, "hub") > before, "the writer goes on after the backup"
        writer.kill()
    copy = _restored(folder / "busy", folder / "busy.backup", source, monkeypatch)
    with copy.postgres_running():
        assert _count(copy.installation, "hub") - _count(copy.installation, "manager") in {0, 1}


class _Restored:
    def __init__(self, installation: Installation) -> None:
        self.installation = installation

    def postgres_running(self) -> _Restored:
        return self

    def __enter__(self) -> _Restored:
        self.installation.postgres.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.installation.postgres.stop()


def _restored(folder: Path, backup: Path, source: Installation, monkeypatch: pytest.MonkeyPatch) -> _Restored:
    commands: list[tuple[str, str]] = []
    monkeypatch.setattr(restore, "_run", lambda _, program, *command: commands.append((program, command[0])))
    installation = _installation(folder)
    backup_restore(installation, backup, kit_key(source.home))
    assert commands == [
        ("hub", "migrate"),
        ("manager", "migrate"),
        ("hub", "feed_reset"),
        ("manager", "instance_mark_restored"),
    ]
    return _Restored(installation)


def test_restored_installation_has_data_keys_and_owners(
    source: Installation, backup: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = _restored(folder / "copy", backup, source, monkeypatch)
    assert copy.installation.home.secrets() == source.home.secrets()
    assert "mail-password" in (copy.installation.home.data / SETTINGS_FILE).read_text()
    assert copy.installation.broker.edge_account == source.broker.edge_account
    assert copy.installation.authority.certificate.read_bytes() == source.authority.certificate.read_bytes()
    with copy, psycopg.connect(copy.installation.database_url("hub")) as connection:
        connection.execute("INSERT INTO counter VALUES (7)")
        owner = connection.execute("SELECT tableowner FROM pg_tables WHERE tablename = 'counter'").fetchone()
    assert owner == ("hub",)


@pytest.fixture
def older_server(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Postgres]:
    """A PostgreSQL 16 that somebody else runs (the wheel carries one)."""
    ours = postgres.find_binaries()
    older = ours.parents[1] / "pginstall" / "bin"
    server = Postgres(folder / f"older-{find_free_port()}", find_free_port(), is_durable=False)
    with monkeypatch.context() as patch:
        patch.setattr(postgres, "find_binaries", lambda: older)
        patch.setattr(postgres, "MAJOR", 16)
        server.start()
    yield server
    server.stop()


def test_backup_goes_into_an_older_postgresql_of_your_own_and_never_over_what_is_there(
    source: Installation, backup: Path, folder: Path, older_server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restore, "_run", lambda *_: None)
    settings = Settings(folder / "abroad", database_url=older_server.url())
    backup_restore(Installation(settings, Home(settings.data)), backup, kit_key(source.home))
    with psycopg.connect(older_server.url("seatkeep_hub")) as connection:
        assert connection.info.server_version // 10_000 == 16
        assert connection.execute("SELECT count(*) FROM counter").fetchone() == (1,)

    again = Settings(folder / "again", database_url=older_server.url())
    with pytest.raises(BackupError, match=r"seatkeep_hub on .* is not empty"):
        backup_restore(Installation(again, Home(again.data)), backup, kit_key(source.home))
    assert not Home(again.data).secrets_file.exists(), "a second try must be possible"


def test_a_dump_that_ends_too_early_leaves_nothing_half(
    backup: Path, folder: Path, tmp_path: Path, older_server: Postgres
) -> None:
    settings = Settings(folder / "half", database_url=older_server.url())
    installation = Installation(settings, Home(settings.data))
    databases_ensure(installation)
    backup_open(backup, tmp_path, WORDS)
    dump = tmp_path / "hub.dump"
    dump.write_bytes(dump.read_bytes()[:-5])
    with pytest.raises(BackupError, match="restoring hub failed"):
        restore._restore_dump(installation, "hub", dump)
    with psycopg.connect(older_server.url("seatkeep_hub")) as connection:
        assert connection.execute("SELECT to_regclass('counter')").fetchone() == (None,)


def test_cluster_of_another_major_version_is_refused_with_the_way_out(
    older_server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(PostgresError, match=r"of PostgreSQL 16, this Seatkeep brings 18\. Run `seatkeep backup`"):
        Postgres(older_server.folder, find_free_port()).start()


def test_folder_with_an_installation_is_not_overwritten(source: Installation, backup: Path) -> None:
    with pytest.raises(BackupError, match="holds an installation"):
        backup_restore(source, backup, kit_key(source.home))


def test_wrong_recovery_kit_is_refused(backup: Path, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="recovery kit does not open"):
        backup_open(backup, tmp_path, kit_key_generate())


def test_wrong_passphrase_is_refused(backup: Path, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="passphrase does not open"):
        backup_open(backup, tmp_path, Passphrase("another sentence"))


def test_right_passphrase_opens(backup: Path, tmp_path: Path) -> None:
    assert "secrets/secrets.json" in backup_open(backup, tmp_path, WORDS)


def test_no_key_or_password_lies_open_in_the_file(source: Installation, backup: Path) -> None:
    content = backup.read_bytes()
    for secret in (source.home.secrets_file, source.broker.edge_signing_seed, source.authority.key):
        assert secret.read_bytes()[:40] not in content
    assert b"mail-password" not in content


def test_file_is_private(backup: Path) -> None:
    assert backup.stat().st_mode & 0o777 == 0o600


def test_changed_dump_is_noticed_although_the_manifest_agrees(
    source: Installation, backup: Path, tmp_path: Path
) -> None:
    forged = tmp_path / "forged.backup"
    with tarfile.open(backup) as archive:
        archive.extractall(tmp_path / "parts", filter="data")
    dump = tmp_path / "parts" / "hub.dump"
    dump.write_bytes(dump.read_bytes() + b"x")
    with tarfile.open(forged, "w") as archive:
        for path in sorted((tmp_path / "parts").iterdir()):
            archive.add(path, path.name)
    with pytest.raises(BackupError, match=r"hub\.dump in the backup is damaged or was changed"):
        backup_open(forged, tmp_path, kit_key(source.home))


def test_something_else_is_no_backup(tmp_path: Path) -> None:
    other = tmp_path / "letter.txt"
    other.write_text("dear reader")
    with pytest.raises(BackupError, match="is not a backup of Seatkeep"):
        backup_open(other, tmp_path, WORDS)


def test_something_else_is_no_recovery_kit(tmp_path: Path) -> None:
    other = tmp_path / "letter.txt"
    other.write_text("dear reader")
    with pytest.raises(BackupError, match="is not a recovery kit"):
        kit_read(other)


def test_halted_processes_go_on_after_an_error() -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as sleeper:
        with pytest.raises(ZeroDivisionError), halted([sleeper.pid]):
            raise ZeroDivisionError
        state = Path(f"/proc/{sleeper.pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        sleeper.kill()
    assert state != "T"


def test_a_backup_that_goes_elsewhere_leaves_word_in_the_usual_folder(tmp_path: Path) -> None:
    backup_mark(Home(tmp_path))
    assert [found.name for found in Home(tmp_path).backups.iterdir()] == [BACKUP_MARK]
