"""What is in a package, and that nobody else put it there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from conftest import NOW
from seatkeep_packaging import runtime, tools
from seatkeep_packaging.actions import SECRET_PROPERTIES, actions
from seatkeep_packaging.build import LIMIT_BYTES, Package, package_build, runtime_ready, version_check
from seatkeep_packaging.editions import AGENT, ENDPOINT, component_code, product_code
from seatkeep_packaging.errors import PackagingError, ToolMissingError, UntrustedInputError
from seatkeep_packaging.signing import CommandSigner, signature_verify, signer_choose
from seatkeep_packaging.signing import test_signer as signer_for_tests
from seatkeep_packaging.tools import run

pytestmark = pytest.mark.timeout(600)
BOTH = ["agent", "newer"]
HIDDEN = 8192


def table(package: Package, name: str) -> list[list[str]]:
    """The rows of a package's table."""
    return [line.split("\t") for line in run("msiinfo", "export", package.path, name).splitlines()[3:]]


def properties(package: Package) -> dict[str, str]:
    return {row[0]: row[1] for row in table(package, "Property")}


@pytest.fixture(scope="module")
def again(packages: dict[str, Package], scratch: Path) -> Iterator[Package]:
    """The agent's package, built a second time from the same sources, elsewhere and later."""
    out = scratch / "again"
    out.mkdir()
    yield package_build(AGENT, "1.0.0", out=out, signer=signer_for_tests(scratch / "authority", NOW), now=NOW)
    shutil.rmtree(out)


def test_two_builds_are_the_same(packages: dict[str, Package], again: Package) -> None:
    first = packages["agent"]
    listed = run("msiinfo", "tables", first.path).split()
    tables = [name for name in listed if not name.startswith("_")]

    assert again.digest == first.digest
    assert [table(again, name) for name in tables] == [table(first, name) for name in tables]
    assert cabinet_digest(again) == cabinet_digest(first)
    assert again.path.with_suffix(".sbom.json").read_text() == first.path.with_suffix(".sbom.json").read_text()


def cabinet_digest(package: Package) -> str:
    """Of the compressed files in a package, times included."""
    done = subprocess.run(["msiinfo", "extract", str(package.path), "payload.cab"], capture_output=True, check=True)
    return sha256(done.stdout).hexdigest()


@pytest.mark.parametrize("name", BOTH)
def test_a_package_is_small_enough(packages: dict[str, Package], name: str) -> None:
    assert packages[name].path.stat().st_size <= LIMIT_BYTES


@pytest.mark.parametrize("name", BOTH)
def test_a_package_is_signed_and_a_tampered_one_is_noticed(
    packages: dict[str, Package], name: str, scratch: Path, tmp_path: Path
) -> None:
    authority = scratch / "authority" / "certificate.pem"
    signature_verify(packages[name].path, authority)

    tampered = tmp_path / "tampered.msi"
    raw = bytearray(packages[name].path.read_bytes())
    raw[len(raw) // 2] ^= 1
    tampered.write_bytes(raw)

    with pytest.raises(UntrustedInputError):
        signature_verify(tampered, authority)


def test_python_takes_nothing_from_outside(packages: dict[str, Package], scratch: Path) -> None:
    """DLL and module side-loading: no search path leads out of the program's folder, and no user may write there."""
    payload = scratch / "work" / "agent-1.0.0"
    searched = (payload / "python313._pth").read_text().split()
    folders = {row[0]: row[1:] for row in table(packages["agent"], "Directory")}

    assert not any(path.startswith(("/", "\\", "..")) or ":" in path for path in searched)
    assert "import" not in searched
    assert not list(payload.rglob("*.pth"))
    assert folders["InstallFolder"] == ["ProgramFiles64Folder", "Seatkeep"]


@pytest.mark.parametrize("name", BOTH)
def test_no_secret_reaches_a_log(packages: dict[str, Package], name: str) -> None:
    """KEY and the uninstall code are hidden properties, and whatever carries them hides its command line."""
    assert properties(packages[name])["MsiHiddenProperties"].split(";") == list(SECRET_PROPERTIES)
    for row in table(packages[name], "CustomAction"):
        assert int(row[1]) & HIDDEN
    stored = json.dumps([table(packages[name], kind) for kind in ("Registry", "ServiceInstall")])
    assert not any(f"[{secret}]" in stored for secret in SECRET_PROPERTIES)


def test_every_value_is_one_argument() -> None:
    """A value that looks like an option stays a value."""
    configuring = next(step for step in actions("agent") if step.name == "SeatkeepConfigure")

    assert '"--server=[SERVER]"' in configuring.command
    assert configuring.command.count("[") == configuring.command.count("=[")


def test_the_editions_replace_each_other(packages: dict[str, Package]) -> None:
    agent, newer = (properties(packages[name]) for name in BOTH)

    assert agent["UpgradeCode"] == newer["UpgradeCode"]
    assert agent["ProductCode"] != newer["ProductCode"]
    assert sorted(row[1:3] + row[4:5] for row in table(packages["newer"], "Upgrade")) == [
        ["0.0.0", "1.0.1", "768"], ["1.0.1", "", "2"],
    ]  # fmt: skip
    assert component_code("python.exe") == component_code("Python.exe")
    assert (
        product_code(AGENT, "1.0.0", "a")
        != product_code(ENDPOINT, "1.0.0", "a")
        != product_code(ENDPOINT, "1.0.0", "b")
    )


def test_the_endpoint_is_only_in_its_edition(packages: dict[str, Package]) -> None:
    manifests = [json.loads(packages[name].path.with_suffix(".manifest.json").read_text()) for name in BOTH]

    has_endpoint = [any("seatkeep_endpoint" in path or "yara_x" in path for path in manifest) for manifest in manifests]
    assert has_endpoint == [False, True]
    assert ["seatkeep-endpoint.cmd" in manifest for manifest in manifests] == [False, True]
    for manifest in manifests:
        assert not any("/tests/" in path or "__pycache__" in path or path.endswith("_wmi.pyd") for path in manifest)


def test_the_bill_of_materials_names_every_library(packages: dict[str, Package]) -> None:
    bill = json.loads(packages["newer"].path.with_suffix(".sbom.json").read_text())
    pinned = {line.split("==")[0] for line in ENDPOINT.lock.read_text().splitlines() if "==" in line}
    named = {part["name"].lower().replace("_", "-") for part in bill["components"]}

    assert bill["bomFormat"] == "CycloneDX"
    assert named == (pinned - {"tzdata"}) | {"cpython"}


def test_the_locks_name_no_registry() -> None:
    for edition in (AGENT, ENDPOINT):
        lock = edition.lock.read_text()
        assert "://" not in lock
        assert "--hash=sha256:" in lock


def test_a_foreign_python_is_refused(tools: None, scratch: Path, tmp_path: Path) -> None:
    """A changed file fails by its digest; with the digest changed too, by the foundation's signature."""
    pins, folder = runtime_ready(scratch / "work")
    planted = shutil.copytree(folder, tmp_path / "runtime")
    raw = bytearray((planted / "python313.dll").read_bytes())
    raw[len(raw) // 2] ^= 1
    (planted / "python313.dll").write_bytes(raw)
    careless = replace(pins, files={"python313.dll": sha256(raw).hexdigest()})

    with pytest.raises(UntrustedInputError, match="not the pinned file"):
        runtime.runtime_check(pins, planted)
    with pytest.raises(UntrustedInputError, match="signature"):
        runtime.runtime_check(careless, planted)


def test_a_python_signed_by_somebody_else_is_refused(tools: None, scratch: Path, tmp_path: Path) -> None:
    _, folder = runtime_ready(scratch / "work")
    signer = signer_for_tests(tmp_path / "stranger", NOW)
    stranger = shutil.copy(folder / "python3.dll", tmp_path / "python3.dll")
    run("osslsigncode", "remove-signature", "-in", stranger, "-out", tmp_path / "bare.dll")
    signer.sign(tmp_path / "bare.dll")

    with pytest.raises(UntrustedInputError):
        runtime.signature_check(tmp_path / "bare.dll")


@pytest.mark.parametrize("version", ["1.2", "1.2.3.4", "256.0.0", "1.0.65536", "1.0.0rc1", ""])
def test_a_version_that_windows_would_misread_is_refused(version: str) -> None:
    with pytest.raises(PackagingError, match="version"):
        version_check(version)


def test_a_missing_tool_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools.shutil, "which", lambda name: None)

    with pytest.raises(ToolMissingError, match="apt-get install msitools"):
        tools.tool("msibuild")


def test_the_environment_chooses_the_signer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SEATKEEP_SIGN_COMMAND", "cp {file} " + str(tmp_path / "signed"))
    package = tmp_path / "a package.msi"
    package.write_bytes(b"package")

    signer = signer_choose(tmp_path, NOW)
    signer.sign(package)

    assert isinstance(signer, CommandSigner)
    assert (tmp_path / "signed").read_bytes() == b"package"


def test_a_failing_signer_fails_the_build(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SEATKEEP_SIGN_COMMAND", "false")
    with pytest.raises(PackagingError, match="signing command"):
        signer_choose(tmp_path, NOW).sign(tmp_path / "package.msi")


def test_a_key_of_a_test_authority_is_private(tmp_path: Path) -> None:
    signer_for_tests(tmp_path, NOW)
    assert os.stat(tmp_path / "key.pem").st_mode & 0o777 == 0o600
