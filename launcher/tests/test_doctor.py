"""The doctor's judgments, and that each bad one says how to mend it."""

from __future__ import annotations

import os
import socket
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from seatkeep_launcher.certificates import CertificateAuthority, certificate_ends_at
from seatkeep_launcher.doctor import (
    Verdict,
    check_backup,
    check_certificate,
    check_permissions,
    check_ports,
    check_versions,
    examine,
    judge_clock,
    judge_disk,
)
from seatkeep_launcher.home import Home
from seatkeep_launcher.plan import Installation
from seatkeep_launcher.ports import find_free_port
from seatkeep_launcher.settings import Addresses, Ports, Settings, TlsMode

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    home = Home(tmp_path / "data")
    home.make()
    ports = Ports(http=find_free_port(), https=find_free_port(), nats=find_free_port(), internal=find_free_port() - 10)
    return Installation(Settings(home.data, ports), home)


def test_taken_port_names_its_holder_and_the_variable(installation: Installation) -> None:
    with socket.create_server(("127.0.0.1", installation.settings.ports.http)):
        finding = check_ports(installation)
    assert finding.verdict is Verdict.BAD
    assert f"(pid {os.getpid()})" in finding.what
    assert "SEATKEEP_HTTP_PORT" in finding.mend


@pytest.mark.parametrize(
    ("gib", "verdict"), [(0.5, Verdict.BAD), (3, Verdict.WARNING), (5, Verdict.GOOD), (500, Verdict.GOOD)]
)
def test_little_disk_is_told(gib: float, verdict: Verdict) -> None:
    assert judge_disk(int(gib * 2**30)).verdict is verdict


@pytest.mark.parametrize(("seconds", "verdict"), [(60, Verdict.GOOD), (-60, Verdict.GOOD), (61, Verdict.BAD)])
def test_clock_may_be_a_minute_off(seconds: int, verdict: Verdict) -> None:
    assert judge_clock(NOW + timedelta(seconds=seconds), now=NOW, source="PostgreSQL").verdict is verdict


def test_secret_open_to_others_is_told_with_the_command(installation: Installation) -> None:
    secret = installation.home.data / "secrets" / "hub.keyring"
    secret.write_text("{}")
    secret.chmod(0o644)
    finding = check_permissions(installation)
    assert finding.verdict is Verdict.BAD
    assert finding.mend == f"chmod 600 {secret}"


def test_data_of_another_postgresql_is_told_with_the_way_out(installation: Installation) -> None:
    installation.postgres.data.mkdir(parents=True)
    (installation.postgres.data / "PG_VERSION").write_text("16\n")
    finding = check_versions(installation)
    assert finding.verdict is Verdict.BAD
    assert "seatkeep backup" in finding.mend


def test_own_certificate_near_its_end_is_told_with_its_file(installation: Installation) -> None:
    authority = CertificateAuthority(installation.home.ca)
    authority.ensure(now=NOW)
    addresses = Addresses(tls=TlsMode.FILES, certificate=authority.certificate, certificate_key=authority.key)
    yours = replace(installation, settings=replace(installation.settings, addresses=addresses))
    near = certificate_ends_at(authority.certificate) - timedelta(days=13)
    finding = check_certificate(yours, now=near)
    assert (finding.verdict, str(authority.certificate) in finding.mend) == (Verdict.BAD, True)
    assert check_certificate(yours, now=NOW).verdict is Verdict.GOOD


@pytest.mark.parametrize(("hours", "verdict"), [(47, Verdict.GOOD), (49, Verdict.WARNING)])
def test_backup_older_than_two_days_is_told(installation: Installation, hours: int, verdict: Verdict) -> None:
    file = installation.home.backups / "seatkeep-20261120T000000Z.backup"
    file.touch()
    made_at = (NOW - timedelta(hours=hours)).timestamp()
    os.utime(file, (made_at, made_at))
    assert check_backup(installation, now=NOW).verdict is verdict


def test_every_finding_that_is_not_good_says_how_to_mend_it(installation: Installation) -> None:
    findings = examine(installation, now=NOW)
    assert {finding.about for finding in findings} >= {"ports", "disk", "clock", "versions", "permissions", "backup"}
    assert all(finding.mend for finding in findings if finding.verdict is not Verdict.GOOD)
