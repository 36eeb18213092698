"""Bodies are whole before Django sees them, and never larger than what it takes."""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO
from typing import Any

import pytest
from seatkeep_webkit.bodies import BODY_LIMIT_BYTES, read_first


def answer(body: bytes, announced: str | None) -> tuple[str, bytes]:
    """Status and content that an echo behind the wrapper gives."""
    statuses: list[str] = []

    def echo(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [])
        return [environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))]

    environ: dict[str, Any] = {"wsgi.input": BytesIO(body)}
    if announced is not None:
        environ["CONTENT_LENGTH"] = announced
    content = read_first(echo)(environ, lambda status, headers, exc_info=None: statuses.append(status))
    return statuses[0].split()[0], b"".join(content)


@pytest.mark.parametrize("announced", ["5", None, ""])
def test_a_body_arrives_whole_with_or_without_its_length(announced: str | None) -> None:
    assert answer(b"hello", announced) == ("200", b"hello")


def test_a_body_that_ends_early_is_refused() -> None:
    assert answer(b"hell", "5")[0] == "400"


@pytest.mark.parametrize("announced", [str(BODY_LIMIT_BYTES + 1), None])
def test_a_body_over_the_limit_is_refused(announced: str | None) -> None:
    assert answer(b"x" * (BODY_LIMIT_BYTES + 1), announced)[0] == "413"


def test_a_sender_that_hangs_up_is_refused() -> None:
    class Cut:
        def read(self, size: int) -> bytes:
            raise ConnectionResetError

    statuses: list[str] = []
    environ: dict[str, Any] = {"wsgi.input": Cut(), "CONTENT_LENGTH": "10"}
    read_first(lambda *_: [b"never"])(environ, lambda status, headers, exc_info=None: statuses.append(status))
    assert statuses == ["400 Bad Request"]
