"""Defender in the endpoint: protected by it, its detections told once with their source, put back when asked."""

from __future__ import annotations

import asyncio
import uuid
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from defender_recordings import (
    DETECTION,
    EICAR_DETECTION,
    NOW,
    OTHER_PRODUCT,
    PASSIVE_SERVER,
    PREFERENCE,
    STATUS,
    THREAT,
    RecordedRunner,
    ago,
    failed,
    part,
)
from seatkeep_endpoint.defender.runner import Script
from seatkeep_endpoint.defender.troubles import (
    CONSTRAINED,
    NO_POWERSHELL,
    NONSENSE,
    NOT_ALLOWED,
    SERVICE_OFF,
    WMI_BROKEN,
)
from seatkeep_endpoint.errors import DefenderAbsentError, DefenderRefusedError, DefenderUnheardError
from seatkeep_endpoint.leasing.rules import SeatView
from seatkeep_endpoint.news import News
from seatkeep_endpoint.paths import Layout
from seatkeep_endpoint.platforms import platform
from seatkeep_endpoint.service import EndpointService
from seatkeep_endpoint.store import Store
from seatkeep_license.keys import SigningKey
from seatkeep_protocol.local import Answer, Event, EventName, Op, Request
from seatkeep_protocol.messages import EndpointLicense
from seatkeep_protocol.vocabulary import EngineMode, LicenseState, ProtectionReason, ProtectionStatus, ScanMethod

PATH = r"C:\Users\anna\Downloads\eicar.com"
RUN = uuid.UUID(int=7)
HERE = str(Path(__file__).absolute())


class Licensed:
    """A seat in order, or none."""

    record = SimpleNamespace(product="endpoint-workstation")
    is_protecting = True

    def view(self) -> SeatView:
        state = LicenseState.ACTIVE if self.is_protecting else LicenseState.STOPPED
        return SeatView(state=state, is_protecting=self.is_protecting, is_updating=True)

    def status(self) -> EndpointLicense:
        return EndpointLicense(state=self.view().state)


class Endpoint:
    """An endpoint on a Windows whose Defender is recorded."""

    def __init__(self, root: Path, store: Store) -> None:
        layout = Layout(root)
        layout.prepare()
        self.runner, self.seat, self.now, self.heard = RecordedRunner(), Licensed(), NOW, list[Event]()
        here = platform()
        here.defender_runner = lambda: self.runner  # type: ignore[method-assign]  # a Windows, for the test
        news = News(store)
        news.subscribe(self.heard.append)
        self.service = EndpointService(
            layout=layout, store=store, key=SigningKey.generate(), keeper=self.seat, news=news,  # type: ignore[arg-type]
            platform=here, clock=lambda: self.now,
        )  # fmt: skip
        assert self.service.defender is not None
        self.room = self.service.defender

    def finds(self, **changes: Any) -> None:
        """Defender detects (again), and we look."""
        is_active = changes.get("ThreatStatusID") == 1
        self.runner.parts |= {
            "threats": part(THREAT | {"IsActive": is_active}), "detections": part(DETECTION | changes),
        }  # fmt: skip
        self.room.look()

    def told(self, name: EventName) -> list[dict[str, Any]]:
        return [event.body for event in self.heard if event.event is name]

    async def ask(self, op: Op, **args: Any) -> Answer:
        return await self.service.answer(Request(1, op, args))


@pytest.fixture
def endpoint(tmp_path: Path, store: Store) -> Endpoint:
    return Endpoint(tmp_path / "root", store)


def test_a_healthy_defender_makes_the_machine_protected(endpoint: Endpoint) -> None:
    before = endpoint.service.status()
    endpoint.room.look()
    status = endpoint.service.status()

    assert (before.protection, before.engines) == (ProtectionStatus.TEST_RULES, [])
    assert (status.protection, status.reasons, status.engine) == (ProtectionStatus.PROTECTED, [], "yara")
    (defender,) = status.engines
    assert (defender.engine, defender.mode, defender.is_tamper_protected) == ("defender", EngineMode.ACTIVE, True)


@pytest.mark.parametrize("raw", [PASSIVE_SERVER, OTHER_PRODUCT])
def test_beside_another_product_only_our_own_engine_counts(endpoint: Endpoint, raw: dict[str, Any]) -> None:
    endpoint.runner.parts["status"] = part(raw)
    endpoint.room.look()

    assert endpoint.service.status().protection is ProtectionStatus.TEST_RULES
    assert endpoint.service.status().engines[0].mode in (EngineMode.PASSIVE, EngineMode.OFF)


def test_real_time_protection_that_is_off_is_a_fault(endpoint: Endpoint) -> None:
    endpoint.runner.parts["status"] = part(STATUS | {"RealTimeProtectionEnabled": False})
    endpoint.room.look()

    status = endpoint.service.status()
    assert (status.protection, status.reasons) == (
        ProtectionStatus.NOT_PROTECTED, [ProtectionReason.ON_ACCESS_STOPPED],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (DefenderUnheardError(NO_POWERSHELL), NO_POWERSHELL),
        (DefenderUnheardError(CONSTRAINED), CONSTRAINED),
        (DefenderUnheardError(f"{NONSENSE}: it does not end"), NONSENSE),
        (DefenderRefusedError("Defender did not answer within 120 s"), "within 120 s"),
        ({"status": failed("HRESULT 0x800106ba,Get-MpComputerStatus", "Vorgang fehlgeschlagen")}, SERVICE_OFF),
        ({"status": failed("HRESULT 0x80041013,Get-MpComputerStatus", "Provider load failure")}, WMI_BROKEN),
        ({"status": failed("HRESULT 0x80070422,Get-MpComputerStatus", "The service cannot be started")}, WMI_BROKEN),
        ({"status": failed("HRESULT 0x80041003,Get-MpComputerStatus", "Zugriff verweigert")}, NOT_ALLOWED),
        ({"status": failed("HRESULT 0x8badf00d,Get-MpComputerStatus", "Unknown")}, "0x8badf00d"),
    ],
)
def test_a_defender_that_nobody_hears_is_told_with_what_to_do(endpoint: Endpoint, answer: object, words: str) -> None:
    endpoint.runner.answers[Script.LOOK] = answer
    endpoint.room.look()

    report = endpoint.room.report()
    assert report is not None
    assert (report.mode, words in report.error) == (EngineMode.OFF, True)
    assert endpoint.room.capabilities is None
    assert endpoint.service.status().protection is ProtectionStatus.TEST_RULES

    endpoint.runner.answers.clear()
    endpoint.room.look()
    assert endpoint.room.capabilities is not None


@pytest.mark.parametrize(
    "answer",
    [
        DefenderAbsentError("no such file"),
        {},
        None,
        "",
        [],
        {"status": part()},
        {"status": part(None)},
        {"status": 7},
        {"status": failed("CommandNotFoundException", "Die Benennung wurde nicht als Name eines Cmdlet erkannt")},
        {"status": failed("HRESULT 0x80041010,Get-MpComputerStatus", "Invalid class")},
    ],
)
def test_no_defender_is_an_honest_scan_only_and_no_error(endpoint: Endpoint, answer: object) -> None:
    endpoint.room.look()
    endpoint.runner.answers[Script.LOOK] = answer
    endpoint.room.look()

    status = endpoint.service.status()
    assert (status.protection, status.engines) == (ProtectionStatus.TEST_RULES, [])


def test_a_defender_that_does_not_answer_is_reported_with_its_words(endpoint: Endpoint) -> None:
    endpoint.runner.parts["status"] = failed("HRESULT 0x800106ba,Get-MpComputerStatus", "Der Dienst läuft nicht")
    endpoint.room.look()

    (defender,) = endpoint.service.status().engines
    assert (defender.mode, defender.error) == (
        EngineMode.OFF, f"{SERVICE_OFF}: Der Dienst läuft nicht (HRESULT 0x800106ba,Get-MpComputerStatus)",
    )  # fmt: skip


def test_a_part_that_fails_does_not_hide_the_rest(endpoint: Endpoint) -> None:
    endpoint.runner.parts["detections"] = failed("HRESULT 0x80508023", "history")
    endpoint.room.look()

    (defender,) = endpoint.service.status().engines
    assert (defender.mode, "history" in defender.error) == (EngineMode.ACTIVE, True)


def test_a_detection_is_told_once_and_names_its_source(endpoint: Endpoint) -> None:
    endpoint.room.look()
    endpoint.finds()
    endpoint.room.look()

    (found,) = endpoint.told(EventName.DETECTION)
    assert (found["engine"], found["threat"], found["path"]) == ("defender", THREAT["ThreatName"], PATH)
    assert (found["action"], found["sha256"], found["is_test_rule"]) == ("QUARANTINED", "", True)
    (held,) = endpoint.told(EventName.QUARANTINE)
    assert (held["state"], held["item"], held["detection"]) == ("HELD", found["item"], found["detection"])


def test_two_machines_with_one_detection_id_hide_nothing_from_each_other(tmp_path: Path) -> None:
    ids = set()
    for name in ("one", "two"):
        store = Store(tmp_path / f"{name}.db")
        endpoint = Endpoint(tmp_path / name, store)
        endpoint.room.look()
        endpoint.finds()
        ids.add(endpoint.told(EventName.DETECTION)[0]["detection"])
        store.close()
    assert len(ids) == 2


def test_history_from_before_we_came_is_not_told_but_an_open_threat_is(endpoint: Endpoint) -> None:
    other = DETECTION | {"DetectionID": str(uuid.UUID(int=9)), "ThreatStatusID": 103}
    endpoint.runner.parts |= {"threats": part(THREAT | {"IsActive": True}), "detections": part(DETECTION, other)}
    endpoint.room.look()

    assert [found["action"] for found in endpoint.told(EventName.DETECTION)] == ["FAILED"]
    assert endpoint.service.status().reasons == [ProtectionReason.THREAT_OPEN]


def test_what_defender_is_still_at_waits_a_moment(endpoint: Endpoint) -> None:
    endpoint.room.look()
    endpoint.finds(ThreatStatusID=1, InitialDetectionTime=ago(minutes=0))
    assert endpoint.told(EventName.DETECTION) == []

    endpoint.finds(ThreatStatusID=3, InitialDetectionTime=ago(minutes=0))
    assert [found["action"] for found in endpoint.told(EventName.DETECTION)] == ["QUARANTINED"]


@pytest.mark.parametrize(("later", "state"), [(5, "RESTORED"), (4, "DELETED")])
def test_what_a_person_does_in_windows_security_is_told(endpoint: Endpoint, later: int, state: str) -> None:
    endpoint.room.look()
    endpoint.finds()
    endpoint.finds(ThreatStatusID=later)
    endpoint.room.look()

    assert [event["state"] for event in endpoint.told(EventName.QUARANTINE)] == ["HELD", state]
    assert len(endpoint.told(EventName.DETECTION)) == 1


def test_an_open_threat_that_is_dealt_with_later_closes(endpoint: Endpoint) -> None:
    endpoint.room.look()
    endpoint.finds(ThreatStatusID=1)
    assert [found["action"] for found in endpoint.told(EventName.DETECTION)] == ["NONE"]
    endpoint.finds(ThreatStatusID=3)

    (held,) = endpoint.told(EventName.QUARANTINE)
    assert (held["state"], held["item"]) == ("HELD", endpoint.told(EventName.DETECTION)[0]["item"])
    assert endpoint.room.open_threats == 0


async def test_a_file_is_put_back_by_its_path_and_left_out_from_then_on(endpoint: Endpoint) -> None:
    endpoint.room.look()
    endpoint.finds()
    listed = await endpoint.ask(Op.QUARANTINE_LIST)
    item = listed.result[0]["item"]

    answer = await endpoint.ask(Op.QUARANTINE_RESTORE, item=item, is_excluding=True)

    assert answer.ok, answer.error
    assert endpoint.runner.asked[-1] == ("MpCmdRun", ["-Restore", "-FilePath", PATH])
    assert PATH in endpoint.runner.preference["ExclusionPath"]
    assert endpoint.told(EventName.QUARANTINE)[-1]["state"] == "RESTORED"
    assert (await endpoint.ask(Op.QUARANTINE_LIST)).result == []
    again = await endpoint.ask(Op.QUARANTINE_RESTORE, item=item)
    assert again.error is not None
    assert again.error.code == "quarantine_unknown"


async def test_a_restore_that_fails_changes_nothing(endpoint: Endpoint) -> None:
    endpoint.room.look()
    endpoint.finds()
    endpoint.runner.command_error = DefenderRefusedError("ERROR: 0x80508014")
    item = endpoint.told(EventName.DETECTION)[0]["item"]

    answer = await endpoint.ask(Op.QUARANTINE_RESTORE, item=item)

    assert answer.error is not None
    assert (answer.error.code, len((await endpoint.ask(Op.QUARANTINE_LIST)).result)) == ("defender_refused", 1)


async def test_policies_that_decide_exclusions_are_not_gone_around(endpoint: Endpoint) -> None:
    await endpoint.ask(Op.SETTINGS_APPLY, settings={"defender.exclusion_paths": []})
    endpoint.room.look()
    endpoint.finds()
    item = endpoint.told(EventName.DETECTION)[0]["item"]

    answer = await endpoint.ask(Op.QUARANTINE_RESTORE, item=item, is_excluding=True)

    assert answer.error is not None
    assert "MpCmdRun" not in endpoint.runner.scripts()


async def test_defender_empties_its_quarantine_by_itself(endpoint: Endpoint) -> None:
    endpoint.room.look()
    endpoint.finds()
    answer = await endpoint.ask(Op.QUARANTINE_DELETE, item=endpoint.told(EventName.DETECTION)[0]["item"])

    assert answer.error is not None
    assert answer.error.code == "defender_refused"


async def test_the_policy_report_stands_in_the_status(endpoint: Endpoint) -> None:
    settings = {"defender.mode": "AUDIT", "defender.pua": "ENABLED"}
    await endpoint.ask(Op.SETTINGS_APPLY, settings=settings)
    endpoint.room.look()

    status = endpoint.service.status()
    assert status.engines[0].differences["defender.pua"].found == "DISABLED"
    assert {name: value for name, value in status.settings.items() if name.startswith("defender.")} == settings


async def test_without_a_license_nothing_is_enforced_and_all_is_reported(endpoint: Endpoint) -> None:
    endpoint.seat.is_protecting = False
    await endpoint.ask(Op.SETTINGS_APPLY, settings={"defender.mode": "ENFORCE", "defender.pua": "ENABLED"})
    endpoint.room.look()
    endpoint.finds()

    assert "prefer" not in endpoint.runner.scripts()
    assert endpoint.runner.preference == PREFERENCE
    assert len(endpoint.told(EventName.DETECTION)) == 1


@pytest.mark.parametrize(
    ("method", "targets", "asked"),
    [
        (ScanMethod.DEFENDER_QUICK, [], [{"type": "QuickScan"}]),
        (ScanMethod.DEFENDER_FULL, [], [{"type": "FullScan"}]),
        (ScanMethod.DEFENDER_CUSTOM, [HERE, "/no/such"], [{"type": "CustomScan", "path": HERE}]),
    ],
)
async def test_defender_scans_when_asked(
    endpoint: Endpoint, method: ScanMethod, targets: list[str], asked: list[dict[str, str]]
) -> None:
    endpoint.room.look()
    answer = await endpoint.ask(Op.SCAN_START, run=RUN.hex, targets=targets, method=method.value)
    assert answer.ok, answer.error
    await endpoint.service.defender_jobs.wait()

    assert [data for name, data in endpoint.runner.asked if name == "scan"] == asked
    assert endpoint.told(EventName.SCAN_DONE)[0]["error"] == ""
    again = await endpoint.ask(Op.SCAN_START, run=RUN.hex, targets=targets, method=method.value)
    assert again.error is not None
    assert again.error.code == "scan_known"


async def test_a_scan_that_defender_refuses_ends_with_its_words(endpoint: Endpoint) -> None:
    endpoint.room.look()
    endpoint.runner.answers[Script.SCAN] = DefenderRefusedError("0x80508023")
    await endpoint.ask(Op.SCAN_START, run=RUN.hex, method="DEFENDER_QUICK")
    await endpoint.service.defender_jobs.wait()

    assert endpoint.told(EventName.SCAN_DONE)[0]["error"] == "0x80508023"


@pytest.mark.parametrize(
    ("args", "code"),
    [
        ({"method": "DEFENDER_CUSTOM"}, "scan_target_missing"),
        ({"method": "DEFENDER_CUSTOM", "targets": ["relative", "/no/such"]}, "scan_target_missing"),
    ],
)
async def test_a_scan_of_nothing_is_refused(endpoint: Endpoint, args: dict[str, Any], code: str) -> None:
    endpoint.room.look()
    answer = await endpoint.ask(Op.SCAN_START, run=RUN.hex, **args)

    assert answer.error is not None
    assert answer.error.code == code


async def test_without_defender_its_scans_and_signatures_are_refused(endpoint: Endpoint) -> None:
    endpoint.runner.answers[Script.LOOK] = DefenderAbsentError("gone")
    endpoint.room.look()
    scan = await endpoint.ask(Op.SCAN_START, run=RUN.hex, method="DEFENDER_QUICK")
    update = await endpoint.ask(Op.SIGNATURES_UPDATE, run=RUN.hex)

    assert [answer.error.code for answer in (scan, update) if answer.error] == ["defender_absent"] * 2


async def test_signatures_are_fetched_when_asked(endpoint: Endpoint) -> None:
    endpoint.room.look()
    assert (await endpoint.ask(Op.SIGNATURES_UPDATE, run=RUN.hex)).ok
    busy = await endpoint.ask(Op.SCAN_START, run=uuid.uuid4().hex, method="DEFENDER_QUICK")
    await endpoint.service.defender_jobs.wait()

    assert busy.error is not None
    assert (busy.error.code, endpoint.runner.scripts()) == ("scan_busy", ["look", "update"])
    assert endpoint.told(EventName.SCAN_DONE)[0]["run"] == str(RUN)


async def test_a_scan_that_a_restart_cut_off_is_reported(endpoint: Endpoint, store: Store) -> None:
    store.fact_set("defender_scan_running", RUN.hex)
    endpoint.service.defender_jobs.report_cut_off()
    endpoint.service.defender_jobs.report_cut_off()

    (done,) = endpoint.told(EventName.SCAN_DONE)
    assert (done["run"], "interrupted" in done["error"]) == (str(RUN), True)


async def test_it_looks_again_when_woken(endpoint: Endpoint) -> None:
    looked = asyncio.Event()
    task = asyncio.create_task(endpoint.room.run(looked.set))
    for _ in range(2):
        await asyncio.wait_for(looked.wait(), 30)
        looked.clear()
        endpoint.room.wake()
    task.cancel()
    assert endpoint.runner.scripts().count("look") >= 2


def test_ids_of_detections_are_defenders(endpoint: Endpoint) -> None:
    known = uuid.UUID(EICAR_DETECTION.strip("{}"))
    assert endpoint.room.book.detection_of(known.hex) != endpoint.room.book.item_of(known.hex)
