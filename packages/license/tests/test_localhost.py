"""Names under .localhost."""

from __future__ import annotations

import socket

import pytest
from seatkeep_license.localhost import install_localhost_names, is_localhost_name


@pytest.mark.parametrize("name", ["localhost", "console.localhost", "A.LOCALHOST.", b"licensing.localhost"])
def test_name_under_localhost_is_recognized(name: str | bytes) -> None:
    assert is_localhost_name(name)


@pytest.mark.parametrize("name", ["localhost.example.com", "notlocalhost", "", None, 7])
def test_other_name_is_not(name: object) -> None:
    assert not is_localhost_name(name)


def test_installing_twice_resolves_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", socket.getaddrinfo)

    install_localhost_names()
    installed = socket.getaddrinfo
    install_localhost_names()

    assert socket.getaddrinfo is installed
    assert {entry[4][0] for entry in socket.getaddrinfo("console.localhost", 443)} == {"127.0.0.1"}
