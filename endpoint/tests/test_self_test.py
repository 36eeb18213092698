"""The self-test finds what differs, changes nothing, and tells nothing private."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from defender_recordings import DETECTION, NOW, PREFERENCE, SERVER_2016, STATUS, THREAT, RecordedRunner, failed, part
from seatkeep_endpoint.__main__ import main
from seatkeep_endpoint.defender.runner import Script
from seatkeep_endpoint.defender.scrubbing import Scrubber
from seatkeep_endpoint.errors import DefenderAbsentError, DefenderRefusedError
from seatkeep_endpoint.self_test import ExitCode, Report, report_text, self_test, self_test_run

SCRUB = Scrubber(["PRAXIS", "anna", "RECEPTION-1", "", "x"])


def examine(**parts: Any) -> Report:
    runner = RecordedRunner()
    runner.parts = {"threats": part(THREAT), "detections": part(DETECTION), **parts}
    report = self_test(runner, now=NOW, scrub=SCRUB)
    assert set(runner.scripts()) <= {"look", "MpCmdRun"}
    return report


def outcomes(report: Report) -> dict[str, str]:
    return {check.name: check.outcome.value for check in report.checks}


def test_a_machine_as_documented_passes() -> None:
    report = examine()

    assert report.exit_code == ExitCode.AS_EXPECTED, report_text(report)
    assert outcomes(report) == dict.fromkeys(("status", "preference", "threats", "quarantine"), "passed")


@pytest.mark.parametrize(
    ("parts", "name", "said"),
    [
        ({"status": part(STATUS | {"AMRunningMode": "Normaler Modus"})}, "status", "AMRunningMode"),
        ({"status": part(STATUS | {"NISEnabled": "wahr"})}, "status", "NISEnabled"),
        ({"preference": part(PREFERENCE | {"PUAProtection": "Enabled"})}, "preference", "defender.pua"),
        ({"preference": part()}, "preference", "nothing came"),
        ({"detections": part(DETECTION | {"DetectionID": "{no}"})}, "threats", "DetectionID"),
        ({"detections": part(DETECTION | {"InitialDetectionTime": "22.11.2026"})}, "threats", "InitialDetectionTime"),
        ({"detections": failed("HRESULT 0x80508023,Get-MpThreatDetection", "weg")}, "detections", "0x80508023"),
        ({"status": failed("HRESULT 0x800106ba,Get-MpComputerStatus")}, "status", "0x800106ba"),
    ],
)
def test_what_differs_is_named(parts: dict[str, Any], name: str, said: str) -> None:
    report = examine(**parts)

    check = next(check for check in report.checks if check.name == name)
    assert (report.exit_code, check.outcome.value) == (ExitCode.DIFFERENT, "FAILED")
    assert said in check.detail


def test_an_older_windows_without_a_mode_passes() -> None:
    assert outcomes(examine(status=part(SERVER_2016)))["status"] == "passed"


def test_a_program_that_fails_is_told() -> None:
    runner = RecordedRunner()
    runner.command_error = DefenderRefusedError(r"CmdTool: C:\Users\anna\x failed on RECEPTION-1")

    check = self_test(runner, now=NOW, scrub=SCRUB).checks[-1]

    assert (check.outcome.value, check.detail) == ("FAILED", "CmdTool: <path>")


@pytest.mark.parametrize("is_windows", [True, False])
def test_without_defender_there_is_nothing_to_test(tmp_path: Path, is_windows: bool) -> None:
    runner = RecordedRunner() if is_windows else None
    if runner is not None:
        runner.answers[Script.LOOK] = DefenderAbsentError("powershell.exe: not found")

    assert self_test_run(runner, tmp_path, now=NOW, scrub=SCRUB) == ExitCode.NOTHING_TO_TEST
    assert "Nothing to test" in (tmp_path / "seatkeep-self-test.txt").read_text(encoding="utf-8")


def test_nothing_private_is_told(tmp_path: Path) -> None:
    runner = RecordedRunner()
    runner.preference["ExclusionPath"] = [r"C:\Kunden\Müller AG", r"\\server\anna$"]
    runner.parts = {"threats": part(THREAT), "detections": part(DETECTION)}
    assert self_test_run(runner, tmp_path, now=NOW, scrub=SCRUB) == ExitCode.AS_EXPECTED

    for name in ("seatkeep-self-test.json", "seatkeep-self-test.txt"):
        told = (tmp_path / name).read_text(encoding="utf-8")
        for secret in ("anna", "PRAXIS", "Müller", "Downloads", "A69DA5B8", "8A6C5C9E", "explorer"):
            assert secret not in told
        assert "EICAR" in told
        assert "4.18.26100.9" in told


def test_the_report_is_json(tmp_path: Path) -> None:
    self_test_run(RecordedRunner(), tmp_path, now=NOW, scrub=SCRUB)
    report = json.loads((tmp_path / "seatkeep-self-test.json").read_text(encoding="utf-8"))

    assert [check["name"] for check in report["checks"]] == ["status", "preference", "threats", "quarantine"]


@pytest.mark.skipif(sys.platform == "win32", reason="a Windows may have a Defender")
def test_the_command_says_so_where_there_is_no_windows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["self-test", "--out", str(tmp_path)]) == 3
    assert "Nothing to test" in capsys.readouterr().out


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["self-test", "--out", str(tmp_path / "no" / "folder")]) == 6
    assert "folder" in capsys.readouterr().err
