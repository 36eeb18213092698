"""The tests of machine, endpoint and agent once more by the Python of Windows: its adapters keep the same contracts."""

from __future__ import annotations

import re

import pytest
from source_machine import ROOT, SourceMachine

TESTS = {
    "machine": ["packages/machine/tests"],
    "endpoint": ["endpoint/tests"],
    "agent": [
        f"agent/tests/test_{name}.py"
        for name in ("platform", "supervise", "spool_and_journal", "preparing", "service_choice")
    ],
}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("part", TESTS)
def test_the_same_tests_pass_on_windows(windows: SourceMachine, part: str) -> None:
    config = windows.path(ROOT / "tests" / "wine" / "pytest.ini")
    tests = [windows.path(ROOT / test) for test in TESTS[part]]
    code, said = windows.python("-m", "pytest", "-c", config, "--rootdir", windows.path(ROOT), *tests)
    assert code == 0, said
    assert int(re.findall(r"(\d+) passed", said)[-1]) > 10, said
