"""The page of a key: what it offers by system, edition, group and proxy, in page, files and API, and to whom."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from seatkeep_manager.directory.group_services import group_create
from seatkeep_manager.directory.models import StaticGroup
from seatkeep_webkit.actors import Actor
from standing_cast import NOW, Cast

CA = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


@pytest.fixture(autouse=True)
def bundle(tmp_path: Path, settings: Any) -> Path:
    """A console with an authority of its own that offers Windows and Linux."""
    (tmp_path / "ca.pem").write_text(CA)
    (tmp_path / "seatkeep-endpoint-0.1.0-x64.msi").write_bytes(b"msi")
    (tmp_path / "agent-linux-x86_64.tar.gz").write_bytes(b"tar")
    settings.BUNDLE_DIR, settings.DEVICE_CA = str(tmp_path), str(tmp_path / "ca.pem")
    return tmp_path


@pytest.fixture
def office(cast: Cast) -> StaticGroup:
    return group_create(actor=Actor.system("test"), parent_id=cast.group.pk, name="Front & Back Office", now=NOW)


def signed_in(person: Any) -> Client:
    client = Client()
    client.force_login(person)
    return client


def page_url(cast: Cast) -> str:
    return reverse("console:installer", args=[cast.token.uid])


def file_url(cast: Cast, name: str) -> str:
    return reverse("console:installer-file", args=[cast.token.uid, name])


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({}, ["irm &#x27;", "msiexec /i seatkeep-endpoint-0.1.0-x64.msi", "ca.pem", "Detection rule"]),
        ({"system": "linux"}, ["/install/linux.sh | SEATKEEP_KEY=", "install.conf", "SEATKEEP_PAYLOAD="]),
        ({"edition": "agent"}, ["make packages"]),
        ({"proxy": "http://proxy:3128"}, ["PROXY=http://proxy:3128"]),
        ({"proxy": "no proxy"}, ["without name and password"]),
        ({"system": "beos", "edition": "gold", "group": "nowhere"}, ["msiexec"]),
    ],
)
def test_the_page_of_a_key(cast: Cast, query: dict[str, str], words: list[str]) -> None:
    body = signed_in(cast.bob).get(page_url(cast), query).content.decode()
    for word in words:
        assert word in body, word


def test_a_group_below_the_key_can_be_joined(cast: Cast, office: StaticGroup) -> None:
    body = signed_in(cast.bob).get(page_url(cast), {"group": office.name}).content.decode()
    assert "$env:SEATKEEP_GROUP=&#x27;Front &amp; Back Office&#x27;" in body
    assert "Use the settings file or the script." in body
    file = signed_in(cast.bob).get(file_url(cast, "seatkeep.ini"), {"group": office.name}).content.decode()
    assert "Group = Front & Back Office\r\n" in file


def test_a_group_is_named_by_the_way_from_the_customer_down(cast: Cast, office: StaticGroup) -> None:
    group_create(actor=Actor.system("test"), parent_id=office.pk, name="Reception", now=NOW)
    group_create(actor=Actor.system("test"), parent_id=office.pk, name="In/Out", now=NOW)
    body = signed_in(cast.bob).get(page_url(cast)).content.decode()
    assert '<option value="Front &amp; Back Office/Reception">' in body
    assert "In/Out" not in body


def test_a_group_of_the_neighbor_cannot_be_joined(cast: Cast) -> None:
    assert cast.beta.group
    group_create(actor=Actor.system("test"), parent_id=cast.beta.group.pk, name="Bakery floor", now=NOW)
    client = signed_in(cast.alice)
    assert "Bakery floor" not in client.get(page_url(cast)).content.decode()
    assert "Bakery" not in client.get(file_url(cast, "seatkeep.ini"), {"group": "Bakery floor"}).content.decode()


def test_a_choice_changes_its_part_of_the_page_alone(cast: Cast) -> None:
    answer = signed_in(cast.bob).get(page_url(cast), {"system": "linux"}, headers={"HX-Target": "installer-kit"})
    assert answer.content.lstrip().startswith(b'<div id="installer-kit"')
    assert answer["Cache-Control"] == "no-store"


@pytest.mark.parametrize("name", ["seatkeep.ini", "ca.pem", "seatkeep-install.ps1", "seatkeep-windows.zip"])
def test_files_are_downloads_that_no_cache_keeps(cast: Cast, name: str) -> None:
    answer = signed_in(cast.bob).get(file_url(cast, name))
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
    assert answer["Content-Disposition"] == f'attachment; filename="{name}"'
    assert (cast.token.secret.encode() in answer.content) == (name == "seatkeep.ini")


@pytest.mark.parametrize("name", ["seatkeep-install.sh", "../settings.py", "seatkeep-endpoint-0.1.0-x64.msi"])
def test_what_is_no_file_of_the_kit_is_404(cast: Cast, name: str) -> None:
    assert signed_in(cast.bob).get(f"{page_url(cast)}files/{name}").status_code == 404


@pytest.mark.parametrize("who", ["rita", "charlie"])
def test_a_key_and_its_files_are_for_who_may_change_its_group(cast: Cast, who: str) -> None:
    client = signed_in(getattr(cast, who))
    assert client.get(file_url(cast, "seatkeep.ini")).status_code == 404
    assert client.get(f"/api/v1/installers/{cast.token.uid}/kit").status_code == 404


def test_nobody_gets_a_file_without_signing_in(cast: Cast) -> None:
    assert Client().get(file_url(cast, "seatkeep.ini")).status_code in (302, 401)


def test_the_api_gives_the_whole_kit(cast: Cast) -> None:
    answer = signed_in(cast.bob).get(f"/api/v1/installers/{cast.token.uid}/kit", {"system": "windows"})
    kit = answer.json()
    assert answer["Cache-Control"] == "no-store"
    assert kit["package"]["path"] == "/install/seatkeep-endpoint-0.1.0-x64.msi"
    assert kit["package_command"].startswith("msiexec /i ")
    assert [file["name"] for file in kit["files"] if file["has_key"]] == ["seatkeep.ini"]


@pytest.mark.parametrize("query", [{"system": "beos"}, {"proxy": "proxy"}, {"group": "a\nb"}, {"group": "x" * 256}])
def test_the_api_names_what_it_cannot_use(cast: Cast, query: dict[str, str]) -> None:
    answer = signed_in(cast.bob).get(f"/api/v1/installers/{cast.token.uid}/kit", query)
    assert answer.status_code == 422
    assert next(iter(query)) in answer.content.decode()


def test_without_any_package_the_lists_say_how_to_build_them(cast: Cast, bundle: Path) -> None:
    for path in bundle.glob("*-*"):
        path.unlink()
    body = signed_in(cast.bob).get(reverse("console:installers")).content.decode()
    assert "make packages" in body
    assert "make bundle" in body
