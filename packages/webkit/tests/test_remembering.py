"""A request that only reads asks the database once for what does not change meanwhile."""

from __future__ import annotations

import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from seatkeep_webkit.remembering import RememberingMiddleware, remembered

reads: list[tuple[int, str]] = []


@remembered
def read(number: int, *, word: str = "") -> int:
    reads.append((number, word))
    return len(reads)


@pytest.fixture(autouse=True)
def nothing_read() -> None:
    reads.clear()


def asked(method: str) -> None:
    def view(request: object) -> HttpResponse:
        assert read(1) == read(1)
        read(1, word="other")
        return HttpResponse()

    RememberingMiddleware(view)(RequestFactory().generic(method, "/"))


def test_a_reading_request_reads_once_and_the_next_one_anew() -> None:
    asked("GET")
    asked("GET")
    assert reads == [(1, ""), (1, "other")] * 2


def test_a_writing_request_and_a_job_read_each_time() -> None:
    with pytest.raises(AssertionError):
        asked("POST")
    read(1)
    read(1)
    assert len(reads) == 4
