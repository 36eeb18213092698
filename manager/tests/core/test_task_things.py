"""What belongs to tasks at the manager: isolation, servers asked about, software, collected files, daily rules."""

from __future__ import annotations

import hashlib
import uuid
from datetime import timedelta
from typing import Any

import pytest
from cast import ACTOR, NOW, Tree, person, wire
from django.conf import settings
from django.test import Client
from seatkeep_license.encoding import seconds_of
from seatkeep_license.keys import SigningKey
from seatkeep_manager.directory.enums import AccessLevel, DeviceKind, DeviceState
from seatkeep_manager.directory.models import Device
from seatkeep_manager.directory.services import device_create, device_restore, device_retire
from seatkeep_manager.ingest.decoding import Incoming
from seatkeep_manager.ingest.services import batch_take
from seatkeep_manager.publisher.gather import group_tasks
from seatkeep_manager.tasks import files
from seatkeep_manager.tasks.enums import RunState, ServerTaskKind
from seatkeep_manager.tasks.errors import (
    FileNotFoundHereError,
    PackageInvalidError,
    ServerNotConfirmedError,
    ServerTaskInvalidError,
    TaskParamsInvalidError,
)
from seatkeep_manager.tasks.files import file_get, file_take, files_expire
from seatkeep_manager.tasks.group_services import group_task_create
from seatkeep_manager.tasks.isolation import device_isolation
from seatkeep_manager.tasks.models import ClientTask, CollectedFile, TaskRun
from seatkeep_manager.tasks.server_tasks import (
    changes,
    params_clean,
    server_task_create,
    server_task_run,
    server_tasks_run_due,
)
from seatkeep_manager.tasks.services import task_create, task_rerun, task_runs_prune
from seatkeep_manager.tasks.sizes import sizes_look
from seatkeep_manager.tasks.software import package_add, package_remove
from seatkeep_protocol.messages import Heartbeat, IsolationState
from seatkeep_protocol.uploads import FILE_LIMIT_BYTES, PROOF_HEADER, UploadClaims, upload_build
from seatkeep_webkit.audit.models import AuditEntry

KEY = SigningKey.generate()
ZIP = b"PK logs"
SHA = "0123456789abcdef" * 4


def order(device: Device, kind: str, **params: Any) -> ClientTask:
    is_confirmed = params.pop("is_server_confirmed", False)
    return task_create(
        actor=ACTOR, kind=kind, params=params, device_ids=[device.pk], now=NOW, is_server_confirmed=is_confirmed
    )


def server(tree: Tree) -> Device:
    return device_create(actor=ACTOR, group_id=tree.alpha.pk, hostname="srv", kind=DeviceKind.SERVER, now=NOW)


# Isolation


def beat(device: Device, seq: int, isolation: IsolationState | None) -> None:
    body = Heartbeat(agent_version="1", started_at_us=1, interval_seconds=30, isolation=isolation)
    batch_take([Incoming(*wire(device, body, seq=seq), NOW)], now=NOW)


def test_a_device_says_how_it_is_isolated_and_that_it_is_no_more(device: Device) -> None:
    beat(device, 1, None)
    assert device_isolation(device) is None
    for seq, until in ((2, 9_000_000), (3, 18_000_000)):
        beat(device, seq, IsolationState(since_us=1_000_000, until_us=until, by="Ana", reason="Trojan\0"))
    found = device_isolation(device)
    assert found is not None
    assert (found.by, found.reason, found.until.timestamp()) == ("Ana", "Trojan", 18)
    beat(device, 2, None)  # Late and old: it changes nothing.
    assert device_isolation(device) is not None
    beat(device, 4, None)
    assert device_isolation(device) is None
    said = AuditEntry.objects.filter(subject_id=str(device.uid), action__startswith="device:").order_by("id")
    assert [entry.action for entry in said][-2:] == ["device:isolated", "device:released"]


def test_a_nonsense_clock_does_not_stop_heartbeats(device: Device) -> None:
    beat(device, 1, IsolationState(since_us=2**62, until_us=2**62))
    assert device_isolation(device) is not None


@pytest.mark.parametrize("kind", ["ISOLATE", "SHUTDOWN"])
def test_servers_are_asked_about(tree: Tree, kind: str) -> None:
    one = server(tree)
    with pytest.raises(ServerNotConfirmedError):
        order(one, kind)
    with pytest.raises(ServerNotConfirmedError):
        group_task_create(actor=ACTOR, kind=kind, params={}, trigger={"type": "ASAP"}, group_id=tree.msp.pk, now=NOW)
    assert not ClientTask.objects.exists()
    assert order(one, kind, is_server_confirmed=True).kind == kind


def test_who_isolates_and_for_whom_is_not_the_callers_to_write(device: Device) -> None:
    task = order(device, "ISOLATE", reason="Trojan", by="The Pope", is_for_servers=True)
    assert task.params == {"by": ACTOR.label, "reason": "Trojan"}
    entry = AuditEntry.objects.get(action="task:create")
    assert entry.details["reason"] == "Trojan"


def test_the_text_of_a_command_is_never_in_the_audit_log(device: Device) -> None:
    order(device, "RUN_COMMAND", script="echo s3cret")
    entry = AuditEntry.objects.get(action="task:create")
    assert "s3cret" not in str(entry.details)
    assert len(str(entry.details["sha256"])) == 64


# Software


def listed(**changes: str) -> Any:
    wanted = {
        "name": "Editor", "version": "1.0", "package_format": "DEB", "url": "https://x.example/e.deb", "sha256": SHA,
    }  # fmt: skip
    return package_add(actor=ACTOR, now=NOW, **{**wanted, **changes})


def test_only_what_is_on_the_list_is_installed(device: Device) -> None:
    package = listed()
    task = order(device, "SOFTWARE_INSTALL", package=str(package.uid))
    assert task.params == {"name": "Editor 1.0", "format": "DEB", "url": "https://x.example/e.deb", "sha256": SHA}
    wrong: list[dict[str, Any]] = [
        {"package": str(uuid.uuid4())}, {"package": "x"}, {},
        {"name": "x", "format": "DEB", "url": "https://evil.example/x.deb", "sha256": SHA},
    ]  # fmt: skip
    for params in wrong:
        with pytest.raises(TaskParamsInvalidError):
            order(device, "SOFTWARE_INSTALL", **params)
    assert task_rerun(actor=ACTOR, task=task, device_ids=[device.pk], now=NOW).params == task.params
    package_remove(actor=ACTOR, package=package, now=NOW)
    with pytest.raises(TaskParamsInvalidError):
        task_rerun(actor=ACTOR, task=task, device_ids=[device.pk], now=NOW)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "changes",
    [
        {"url": "http://x.example/e.deb"},
        {"sha256": "abc"},
        {"package_format": "EXE"},
        {"name": ""},
        {"name": "x" * 300},
    ],
)
def test_what_cannot_be_installed_safely_is_not_listed(changes: dict[str, str]) -> None:
    with pytest.raises(PackageInvalidError):
        listed(**{"version": "", **changes})


@pytest.mark.django_db
def test_a_file_is_listed_once() -> None:
    listed()
    with pytest.raises(PackageInvalidError):
        listed(name="Other")


# Files


@pytest.fixture
def run(device: Device) -> TaskRun:
    Device.objects.filter(pk=device.pk).update(agent_jwk=KEY.verify_key.jwk)
    return order(device, "COLLECT_LOGS").runs.get()


def proof(run: TaskRun, /, *, content: bytes = ZIP, key: SigningKey = KEY, **changes: Any) -> str:
    claims = {
        "aud": settings.CONSOLE_DEVICE_URL, "iat": seconds_of(NOW), "device": run.device.hex_id, "run": run.uid,
        "sha256": hashlib.sha256(content).hexdigest(), **changes,
    }  # fmt: skip
    return upload_build(UploadClaims(**claims), key)


def send(proof: str, content: bytes = ZIP) -> Any:
    headers = {PROOF_HEADER: proof}
    return Client().post("/agent/v1/files", content, content_type="application/zip", headers=headers)


def take(run: TaskRun) -> CollectedFile:
    return file_take(device_uid=run.device.uid, proof=proof(run), content=ZIP, now=NOW)


def test_a_file_is_taken_once_and_read_by_who_may(run: TaskRun, tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seatkeep_manager.tasks.views.clock_now", lambda: NOW)
    assert [send(proof(run)).status_code for _ in range(2)] == [204, 204]
    hub = run.device.company_hub_id
    assert hub is not None
    alice = person("a@example.com", **{f"c{hub}": AccessLevel.WRITE})
    assert bytes(file_get(alice, run_uid=run.uid).content) == ZIP
    stranger = person("b@example.com", **{f"c{tree.beta.company_hub_id}": AccessLevel.WRITE})
    with pytest.raises(FileNotFoundHereError):
        file_get(stranger, run_uid=run.uid)
    assert files_expire(now=NOW + files.LIFE - timedelta(seconds=1)) == 0
    assert files_expire(now=NOW + files.LIFE) == 1


@pytest.mark.parametrize(
    ("what", "code"),
    [
        ({"content": b"other"}, "upload_refused"),
        ({"key": SigningKey.generate()}, "upload_refused"),
        ({"aud": "https://elsewhere.example"}, "upload_refused"),
        ({"run": uuid.uuid4()}, "upload_refused"),
        ({"device": uuid.uuid4().hex}, "upload_refused"),
        ({"iat": 1}, "clock_skew"),
    ],
)
def test_a_file_that_nobody_asked_for_is_refused(
    run: TaskRun, what: dict[str, Any], code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("seatkeep_manager.tasks.views.clock_now", lambda: NOW)
    assert send(proof(run, **what)).json()["code"] == code
    assert not CollectedFile.objects.exists()


def test_garbage_large_and_late_files_are_refused(run: TaskRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seatkeep_manager.tasks.views.clock_now", lambda: NOW)
    assert send("no.proof.x").status_code == 403
    big = b"x" * (FILE_LIMIT_BYTES + 1)
    assert send(proof(run, content=big), big).json()["code"] == "too_large"
    TaskRun.objects.update(state=RunState.CANCELED)
    assert send(proof(run)).status_code == 403


def test_the_oldest_file_gives_way(run: TaskRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "PER_DEVICE", 1)
    take(run)
    again = order(run.device, "COLLECT_LOGS").runs.get()
    take(again)
    assert [row.run_id for row in CollectedFile.objects.all()] == [again.pk]
    monkeypatch.setattr(files, "ALL_FILES_LIMIT_BYTES", 0)
    take(order(run.device, "COLLECT_LOGS").runs.get())
    assert not CollectedFile.objects.exists()


# Old runs


def test_old_runs_go_with_tasks_that_have_none_left(device: Device, tree: Tree) -> None:
    task, young = order(device, "SCAN"), order(device, "SCAN")
    standing = group_task_create(
        actor=ACTOR, kind="SCAN", params={}, trigger={"type": "DAILY", "at": "03:00"}, group_id=tree.alpha.pk, now=NOW
    )
    task.runs.update(state=RunState.FINISHED, finished_at=NOW)
    later = NOW + timedelta(days=190)
    assert task_runs_prune(now=later) == 1
    assert task_runs_prune(now=later) == 0
    assert set(ClientTask.objects.values_list("pk", flat=True)) == {young.pk, standing.pk}
    assert group_tasks(device.group)


# Daily rules


def test_computers_are_named_by_a_pattern(device: Device, tree: Tree) -> None:
    Device.objects.filter(pk=device.pk).update(last_user="ana")
    nameless = device_create(actor=ACTOR, group_id=tree.alpha.pk, hostname="pc-2", kind="WORKSTATION", now=NOW)
    task = server_task_create(
        actor=ACTOR, kind=ServerTaskKind.RENAME, params={"pattern": "{group}-{user}"}, group=tree.alpha, now=NOW
    )
    assert [change.name for change in changes(task.kind, task.params, tree.alpha, now=NOW)] == ["Alpha-ana"]
    assert server_tasks_run_due(now=NOW) == 1
    device.refresh_from_db()
    nameless.refresh_from_db()
    assert (device.name, nameless.name) == ("Alpha-ana", "pc-2")
    assert server_tasks_run_due(now=NOW + timedelta(hours=2)) == 0
    assert server_task_run(actor=ACTOR, task=task, now=NOW) == 0


def test_silent_computers_go_and_can_come_back(device: Device, tree: Tree) -> None:
    rule = server_task_create(
        actor=ACTOR, kind=ServerTaskKind.RETIRE_SILENT, params={"days": 30}, group=tree.alpha, now=NOW
    )
    Device.objects.filter(pk=device.pk).update(last_seen_at=NOW)
    assert server_task_run(actor=ACTOR, task=rule, now=NOW + timedelta(days=29)) == 0
    assert server_task_run(actor=ACTOR, task=rule, now=NOW + timedelta(days=31)) == 1
    device.refresh_from_db()
    assert device.state == DeviceState.RETIRED
    assert device_restore(actor=ACTOR, device_id=device.pk, now=NOW).state == DeviceState.ACTIVE


def test_a_whole_office_that_is_silent_does_not_go_by_itself(
    device: Device, tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("seatkeep_manager.tasks.server_tasks.SMALL", 0)
    rule = server_task_create(
        actor=ACTOR, kind=ServerTaskKind.RETIRE_SILENT, params={"days": 30}, group=tree.alpha, now=NOW
    )
    later = NOW + timedelta(days=400)
    assert server_tasks_run_due(now=later) == 1
    rule.refresh_from_db()
    assert (rule.changed, bool(rule.note)) == (0, True)
    assert server_task_run(actor=ACTOR, task=rule, now=later, is_confirmed=True) == 1


@pytest.mark.parametrize(
    ("kind", "params"),
    [
        ("RENAME", {"pattern": "same"}),
        ("RENAME", {"pattern": "{password}"}),
        ("RENAME", {}),
        ("RETIRE_SILENT", {"days": 1}),
        ("RETIRE_SILENT", {"days": "30"}),
        ("FORMAT", {}),
    ],
)
def test_a_rule_that_does_not_fit_is_refused(kind: str, params: dict[str, Any]) -> None:
    with pytest.raises(ServerTaskInvalidError):
        params_clean(kind, params)


# Groups that grow


def test_a_group_that_grows_does_it_once_until_it_shrank(device: Device, tree: Tree) -> None:
    trigger = {"type": "SIZE", "at_least": 2}
    waiting = group_task_create(actor=ACTOR, kind="SCAN", params={}, trigger=trigger, group_id=tree.alpha.pk, now=NOW)
    assert group_tasks(device.group) == (), "devices never see it"
    assert sizes_look(now=NOW) == 0
    second = device_create(actor=ACTOR, group_id=tree.alpha.pk, hostname="b", kind=DeviceKind.WORKSTATION, now=NOW)
    assert [sizes_look(now=NOW) for _ in range(2)] == [1, 0]
    made = ClientTask.objects.exclude(pk=waiting.pk).get()
    assert made.runs.count() == 2
    device_retire(actor=ACTOR, device_id=second.pk, now=NOW)
    assert sizes_look(now=NOW) == 0
    device_restore(actor=ACTOR, device_id=second.pk, now=NOW)
    assert sizes_look(now=NOW) == 1
