"""What an installer writes down before it starts the service."""

from __future__ import annotations

from pathlib import Path

import pytest
from seatkeep_agent.__main__ import main
from seatkeep_agent.config import Config, Pending, config_load
from seatkeep_agent.errors import ExitCode, ManagerRefusedError
from seatkeep_agent.identity import Identity, identity_load, identity_save
from seatkeep_agent.joining import PENDING
from seatkeep_agent.paths import Layout
from seatkeep_agent.store import Store

CONSOLE = "https://console.example.com"
DEVICE = Identity(
    device="d" * 32, company="c" * 32, instance="1" * 32, root_key={}, min_version=1, jwt="", console=[CONSOLE],
    licensing=[], nats=[],
)  # fmt: skip


def prepare(root: Path, monkeypatch: pytest.MonkeyPatch, *options: str) -> Layout:
    """Prepare below `root` as an installer does."""
    monkeypatch.setenv("SEATKEEP_KEY", "the-key")
    assert main(["prepare", "--root", str(root), "--console", f"{CONSOLE}/", *options]) == 0
    return Layout(root)


def change(root: Path, *options: str) -> int:
    """Prepare once more without a key, as an upgrade does."""
    return main(["prepare", "--root", str(root), *options])


def pending(layout: Layout) -> Pending | None:
    """What waits to be used at the next start."""
    store = Store(layout.database)
    try:
        return store.fact(PENDING, Pending)
    finally:
        store.close()


def test_the_next_run_joins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    layout = prepare(tmp_path, monkeypatch)

    assert config_load(layout) == Config(console=CONSOLE)
    assert pending(layout) == Pending("the-key")


def test_the_agent_alone_has_no_endpoint_to_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert config_load(prepare(tmp_path, monkeypatch, "--no-endpoint")) == Config(console=CONSOLE, has_endpoint=False)


def test_an_enrolled_device_stays_what_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    layout = Layout(tmp_path)
    layout.prepare()
    store = Store(layout.database)
    identity_save(store, DEVICE)
    store.close()

    prepare(tmp_path, monkeypatch)

    store = Store(layout.database)
    assert identity_load(store) == DEVICE
    store.close()
    assert pending(layout) is None


def test_what_is_not_given_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    layout = prepare(tmp_path, monkeypatch, "--no-endpoint")

    assert change(tmp_path) == 0

    assert config_load(layout) == Config(console=CONSOLE)
    assert pending(layout) == Pending("the-key")


@pytest.mark.parametrize("options", [(), ("--console", CONSOLE)])
def test_nothing_known_is_refused_and_nothing_written(tmp_path: Path, options: tuple[str, ...]) -> None:
    assert change(tmp_path, *options) == 6

    assert config_load(Layout(tmp_path)) is None


def test_group_and_proxy_are_kept_and_what_is_not_given_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    layout = prepare(tmp_path, monkeypatch, "--group", "Büro/Empfang", "--proxy", "http://proxy:3128")
    assert change(tmp_path) == 0

    assert config_load(layout) == Config(console=CONSOLE, proxy="http://proxy:3128")
    assert pending(layout) == Pending("the-key", group="Büro/Empfang")

    assert change(tmp_path, "--proxy", "none") == 0
    assert config_load(layout) == Config(console=CONSOLE)


def test_the_environment_may_say_them_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEATKEEP_GROUP", "Office")
    monkeypatch.setenv("SEATKEEP_PROXY", "http://proxy:3128")
    layout = prepare(tmp_path, monkeypatch)

    assert config_load(layout) == Config(console=CONSOLE, proxy="http://proxy:3128")
    assert pending(layout) == Pending("the-key", group="Office")


@pytest.mark.parametrize("proxy", ["proxy:3128", "socks5://proxy", "http://user:hunter2@proxy:3128", "http://"])
def test_a_proxy_that_cannot_be_used_or_holds_a_password_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], proxy: str
) -> None:
    prepare(tmp_path, monkeypatch)

    assert change(tmp_path, "--proxy", proxy) != 0
    assert "hunter2" not in capsys.readouterr().err
    assert config_load(Layout(tmp_path)) == Config(console=CONSOLE)


def test_a_service_says_why_it_ends_in_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It has no standard error: Windows starts it without one."""
    monkeypatch.setattr("sys.stderr", None)

    assert main(["run", "--root", str(tmp_path)]) == int(ExitCode.LOCAL_FAILURE)
    assert "is not set up" in caplog.text


@pytest.mark.parametrize("code", ["key_unknown", "rejected"])
def test_a_key_that_the_console_refuses_ends_the_agent_and_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], code: str
) -> None:
    prepare(tmp_path, monkeypatch)

    async def refuse(*_: object, **__: object) -> None:
        raise ManagerRefusedError(code, "no such key here")

    monkeypatch.setattr("seatkeep_agent.joining.Manager.enroll", refuse)

    assert main(["run", "--root", str(tmp_path)]) != 0
    assert "no such key here" in capsys.readouterr().err
    assert "the-key" not in capsys.readouterr().err
