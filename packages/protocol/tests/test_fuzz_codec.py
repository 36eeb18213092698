"""Some seconds of the fuzzer with each run of the suite, from the same beginning; `make fuzz` looks longer."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

RUNS = 20_000


@pytest.mark.skipif(find_spec("atheris") is None, reason="atheris has no wheel for this Python or system")
def test_the_fuzzer_finds_no_input_that_the_codec_trips_over(tmp_path: Path) -> None:
    fuzzer = Path(__file__).with_name("fuzz_codec.py")
    done = subprocess.run(
        [sys.executable, str(fuzzer), str(tmp_path / "corpus"), f"-runs={RUNS}", "-seed=1", "-max_len=4096",
         "-max_total_time=8", f"-artifact_prefix={tmp_path}/"],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "DONE" in done.stderr, done.stderr
