"""What a Linux machine says of itself beyond what every system does."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("Linux alone", allow_module_level=True)

from seatkeep_agent.platforms import linux_inventory


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("[sssd]\ndomains = alpha.example, beta.example\nservices = nss\n[domain/alpha.example]\n", "alpha.example"),
        ("[sssd]\nservices = nss\n", ""),
        ("domains = alpha.example\n", ""),
        ("[sssd]\ndomains = %(x)s\n[sssd]\ndomains = b.example", "b.example"),
        ("\udcff", ""),
        ("", ""),
    ],
)
def test_the_domain_is_the_one_that_sssd_joins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, domain: str
) -> None:
    path = tmp_path / "sssd.conf"
    path.write_bytes(text.encode(errors="surrogateescape"))
    monkeypatch.setattr(linux_inventory, "SSSD", path)
    assert linux_inventory.domain() == domain


def test_a_machine_without_sssd_has_no_domain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linux_inventory, "SSSD", tmp_path / "none")
    assert linux_inventory.domain() == ""
