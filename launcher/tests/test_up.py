"""What `seatkeep up` does while it runs."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from seatkeep_launcher.home import Home
from seatkeep_launcher.plan import Installation
from seatkeep_launcher.settings import settings_parse
from seatkeep_launcher.up import Stack


@pytest.fixture
def reloaded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Who was told to read its certificates anew."""
    told: list[str] = []
    monkeypatch.setattr(Stack, "_reload_broker", lambda _: told.append("broker"))
    monkeypatch.setattr(Stack, "_reload_front_door", lambda _: told.append("front door"))
    return told


@pytest.mark.parametrize("replaced", ["cert.pem", "key.pem"])
def test_replaced_certificate_of_your_own_is_taken_by_broker_and_front_door(
    tmp_path: Path, reloaded: list[str], replaced: str
) -> None:
    yours = {"SEATKEEP_TLS_CERT": tmp_path / "cert.pem", "SEATKEEP_TLS_KEY": tmp_path / "key.pem"}
    for path in yours.values():
        path.write_text("pem")
    values = {"SEATKEEP_PUBLIC_URL": "https://example.com", **{name: str(path) for name, path in yours.items()}}
    home = Home(tmp_path / "data")
    home.make()
    stack = Stack(Installation(settings_parse(home.data, values), home))

    stack._refresh_certificates()
    assert reloaded == []
    later = datetime.now(UTC).timestamp() + 60
    os.utime(tmp_path / replaced, (later, later))
    stack._refresh_certificates()
    stack._refresh_certificates()

    assert reloaded == ["broker", "front door"]
    (tmp_path / replaced).unlink()
    stack._refresh_certificates()
