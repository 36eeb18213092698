"""Tasks from the pages of computers, what came out of them, the list of software, daily rules."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from seatkeep_manager.directory.enums import DeviceKind
from seatkeep_manager.directory.models import Device, User
from seatkeep_manager.directory.services import device_create
from seatkeep_manager.tasks.enums import RunState
from seatkeep_manager.tasks.models import (
    ClientTask,
    CollectedFile,
    DeviceIsolation,
    ServerTask,
    SoftwarePackage,
    TaskRun,
)
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.clock import now
from standing_cast import Cast

pytestmark = pytest.mark.django_db
SHA = "0123456789abcdef" * 4


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def order(cast: Cast, user: User | None = None, **data: Any) -> Any:
    address = reverse("console:device-task", args=[cast.device.uid])
    return client_of(user or cast.bob).post(address, data)


@pytest.mark.parametrize(
    ("data", "params"),
    [
        ({"kind": "RUN_COMMAND", "script": "uptime\n"}, {"script": "uptime\n", "timeout_seconds": 300}),
        ({"kind": "RESTART", "defers": "2"}, {"defers": 2}),
        ({"kind": "SHUTDOWN", "notice_minutes": "3"}, {"delay_minutes": 3}),
        ({"kind": "COLLECT_LOGS"}, {}),
        (
            {"kind": "SOFTWARE_UNINSTALL", "package_format": "DEB", "package_name": "editor"},
            {"format": "DEB", "package": "editor"},
        ),
    ],
)
def test_each_kind_is_ordered_with_its_own_fields(cast: Cast, data: dict[str, str], params: dict[str, Any]) -> None:
    order(cast, **data)
    assert ClientTask.objects.get(kind=data["kind"]).params == params


def test_isolation_names_who_and_why_and_asks_about_servers(cast: Cast) -> None:
    assert "Needed here." in order(cast, kind="ISOLATE").content.decode()
    Device.objects.filter(pk=cast.device.pk).update(kind=DeviceKind.SERVER)
    wanted = {"kind": "ISOLATE", "reason": "Trojan", "isolation_hours": "2"}
    assert "1 of them is a server" in order(cast, **wanted).content.decode()
    assert not ClientTask.objects.filter(kind="ISOLATE").exists()
    order(cast, **wanted, is_sure_servers="on")
    made = ClientTask.objects.get(kind="ISOLATE")
    assert made.params == {"by": made.created_by, "reason": "Trojan", "hours": 2, "is_for_servers": True}


def test_many_computers_are_asked_back_with_their_number(cast: Cast) -> None:
    place = {"kind": "RESTART", "place": f"static:{cast.group.uid}", "trigger": "ASAP"}
    Device.objects.filter(pk=cast.device.pk).update(group=cast.group)
    device_create(
        actor=Actor.system("test"), group_id=cast.group.pk, hostname="second", kind=DeviceKind.WORKSTATION, now=now()
    )
    address = reverse("console:task-order")
    assert "This reaches" in client_of(cast.bob).post(address, place).content.decode()
    assert not ClientTask.objects.filter(kind="RESTART").exists()
    client_of(cast.bob).post(address, {**place, "is_sure": "on"})
    assert ClientTask.objects.filter(kind="RESTART").exists()


def test_attack_a_stranger_orders_nothing(cast: Cast) -> None:
    for name in ("device-task", "device-release"):
        address = reverse(f"console:{name}", args=[cast.foreign.uid])
        data = {"kind": "RUN_COMMAND", "script": "id", "confirmed": "1"}
        assert client_of(cast.bob).post(address, data).status_code == 404
    assert not ClientTask.objects.filter(kind__in=["RUN_COMMAND", "RELEASE"]).exists()


def test_the_page_of_an_isolated_computer_says_so_and_lets_it_go(cast: Cast) -> None:
    at = now()
    page = reverse("console:device", args=[cast.device.uid])
    assert "Isolated from the network" not in client_of(cast.bob).get(page).content.decode()
    DeviceIsolation.objects.create(
        device=cast.device, since=at, until=at + timedelta(hours=24), by="Ana", reason="<b>Trojan</b>"
    )
    shown = client_of(cast.bob).get(page).content.decode()
    assert "by Ana" in shown
    assert "&lt;b&gt;Trojan" in shown
    client_of(cast.bob).post(reverse("console:device-release", args=[cast.device.uid]), {"confirmed": "1"})
    assert ClientTask.objects.get(kind="RELEASE").runs.get().device_id == cast.device.pk


@pytest.fixture
def run(cast: Cast) -> TaskRun:
    order(cast, kind="RUN_COMMAND", script="uptime")
    run = TaskRun.objects.get(task__kind="RUN_COMMAND")
    run.state = RunState.FAILED
    run.result = {"exit_code": 3, "output": "<script>x</script>", "is_cut": True, "until_us": "soon"}
    run.save()
    return run


def test_what_came_out_is_shown_as_text(cast: Cast, run: TaskRun) -> None:
    shown = client_of(cast.bob).get(reverse("console:run", args=[run.uid])).content.decode()
    assert "&lt;script&gt;x" in shown
    assert "left out" in shown
    at = now()
    CollectedFile.objects.create(
        run=run,
        device=run.device,
        name="logs.zip",
        size_bytes=2,
        sha256="",
        content=b"PK",
        created_at=at,
        expires_at=at,
    )
    file = reverse("console:run-file", args=[run.uid])
    assert client_of(cast.bob).get(file).content == b"PK"
    for name in ("run", "run-file"):
        assert client_of(cast.charlie).get(reverse(f"console:{name}", args=[run.uid])).status_code == 404


def test_software_is_listed_by_who_may_and_installed_from_the_list(cast: Cast) -> None:
    data = {
        "name": "Editor", "version": "1", "package_format": "DEB", "url": "https://x.example/e.deb", "sha256": SHA,
    }  # fmt: skip
    new = reverse("console:software-new")
    assert client_of(cast.bob).post(new, data).status_code == 403
    assert client_of(cast.alice).post(new, {**data, "sha256": "no"}).status_code == 422
    client_of(cast.alice).post(new, data)
    package = SoftwarePackage.objects.get(url=data["url"])
    assert "Editor" in client_of(cast.bob).get(reverse("console:software")).content.decode()
    order(cast, kind="SOFTWARE_INSTALL", package=str(package.uid))
    assert ClientTask.objects.get(kind="SOFTWARE_INSTALL").params["sha256"] == SHA
    remove = reverse("console:software-remove", args=[package.uid])
    assert client_of(cast.bob).post(remove, {"confirmed": "1"}).status_code == 403
    client_of(cast.alice).post(remove, {"confirmed": "1"})
    package.refresh_from_db()
    assert package.removed_at


def test_a_daily_rule_says_whom_it_reaches_before_it_is_followed(cast: Cast) -> None:
    Device.objects.filter(pk=cast.device.pk).update(last_seen_at=now() - timedelta(days=100))
    company = str(cast.device.group.uid)
    data = {"kind": "RETIRE_SILENT", "place": company, "days": "90"}
    new = reverse("console:rule-new")
    assert "This changes 1 computer now." in client_of(cast.bob).post(new, data).content.decode()
    client_of(cast.bob).post(new, {**data, "is_sure": "on"})
    rule = ServerTask.objects.get(kind="RETIRE_SILENT")
    assert "90 days" in client_of(cast.bob).get(reverse("console:rules")).content.decode()
    run = reverse("console:rule-run", args=[rule.uid])
    assert cast.device.name in client_of(cast.bob).get(run).content.decode()
    client_of(cast.bob).post(run, {"confirmed": "1"})
    cast.device.refresh_from_db()
    assert cast.device.state == "RETIRED"
    assert client_of(cast.charlie).get(run).status_code == 404
    client_of(cast.bob).post(reverse("console:rule-remove", args=[rule.uid]), {"confirmed": "1"})
    rule.refresh_from_db()
    assert rule.removed_at
