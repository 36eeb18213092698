"""`seatkeep licensing`: calls with the secret of an API client, pages, refusals by code, nothing told of the secret."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from seatkeep_launcher.cli import app, licensing
from typer.testing import CliRunner, Result

COMPANY = {"id": "c1", "kind": "CUSTOMER", "status": "ACTIVE", "custom_identifier": "K-1", "name": "Bakery, north"}


class Hub:
    """Answers as Licensing would, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        path, query = request.url.path.removeprefix("/api/v1"), request.url.params
        if path == "/companies":
            is_first = "cursor" not in query
            page = {"items": [COMPANY], "next_cursor": "2" if is_first else None}
            return httpx.Response(200, json=page)
        if path == "/statements/close":
            ids = json.loads(request.content)["totals"]
            codes = ["closed" if total >= 0 else "statement_changed" for total in ids.values()]
            found = [{"statement_id": one, "code": code, "detail": ""} for one, code in zip(ids, codes, strict=True)]
            return httpx.Response(200, json=found)
        if path == "/licenses":
            problem = {"code": "bundle_unknown", "detail": "There is no such bundle.", "errors": {"bundle": ["No."]}}
            return httpx.Response(404, json=problem)
        if path.endswith("/export"):
            return httpx.Response(200, content=b"a;b", headers={"Content-Type": "text/csv"})
        return httpx.Response(200, json={"public_id": "ABC", "quantity": 7})


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Hub:
    found = Hub()
    transport = httpx.MockTransport(found)
    monkeypatch.setattr(
        licensing, "connect", lambda url, token: licensing.LicensingApi(url, token, transport=transport)
    )
    monkeypatch.setenv(licensing.TOKEN, "skt_secret")
    return found


def run(*words: str, **more: Any) -> Result:
    return CliRunner().invoke(app, ["licensing", "--url", "http://licensing.localhost:1", *words], **more)


def test_companies_of_all_pages_come_as_csv_in_the_name_of_the_api_client(hub: Hub) -> None:
    told = run("companies", "bak")
    assert told.stdout.splitlines() == ["id,kind,status,custom_identifier,name"] + [
        'c1,CUSTOMER,ACTIVE,K-1,"Bakery, north"'] * 2  # fmt: skip
    assert [one.url.params["q"] for one in hub.asked] == ["bak", "bak"]
    assert hub.asked[0].headers["Authorization"] == "Bearer skt_secret"


def test_any_call_with_data_from_a_file_or_standard_input(hub: Hub, tmp_path: Path) -> None:
    body = tmp_path / "body.json"
    body.write_text('{"quantity": 7}')
    told = run("api", "put", "licenses/x/seats", "-d", f"@{body}", "--key", "order-1")
    assert json.loads(told.stdout)["quantity"] == 7
    assert (hub.asked[0].method, hub.asked[0].headers["Idempotency-Key"]) == ("PUT", "order-1")
    run("api", "POST", "/x", "-d", "-", input='{"a": 1}')
    assert json.loads(hub.asked[1].content) == {"a": 1}


def test_a_refusal_is_shown_by_code_sentence_and_field(hub: Hub) -> None:
    told = run("order", "c1", "nothing", "5")
    assert (told.exit_code, "bundle_unknown: There is no such bundle." in told.stderr) == (1, True)
    assert "bundle: No." in told.stderr
    assert "skt_secret" not in told.output


def test_drafts_that_were_looked_at_are_closed_and_one_that_changed_fails_the_command(hub: Hub, tmp_path: Path) -> None:
    file = tmp_path / "drafts.csv"
    file.write_text("id,total_minor\ns1,100\n")
    assert run("close", str(file)).exit_code == 0
    file.write_text("id,total_minor\ns1,100\ns2,-1\n")
    told = run("close", str(file))
    assert (told.exit_code, "s2 statement_changed" in told.stdout) == (1, True)


def test_an_export_lands_in_the_file(hub: Hub, tmp_path: Path) -> None:
    file = tmp_path / "all.csv"
    assert run("export", "c1", str(file)).exit_code == 0
    assert file.read_bytes() == b"a;b"


@pytest.mark.parametrize("words", [["api", "POST", "/x", "-d", "{"], ["order", "c1", "x", "0"], ["close", "/nowhere"]])
def test_wrong_words_are_refused_before_anything_is_called(hub: Hub, words: list[str]) -> None:
    assert (run(*words).exit_code, hub.asked) == (2, [])


def test_without_a_secret_it_says_what_to_set(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(licensing.TOKEN)
    told = run("companies")
    assert (told.exit_code, licensing.TOKEN in told.stderr, hub.asked) == (2, True, [])


def test_licensing_that_is_away_is_said_without_a_trace(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no", request=request)

    monkeypatch.setattr(
        licensing,
        "connect",
        lambda url, token: licensing.LicensingApi(url, token, transport=httpx.MockTransport(away)),
    )
    told = run("companies")
    assert (told.exit_code, "does not answer" in told.stderr) == (1, True)
