"""`seatkeep licensing`: any call of its API, and what an operator does most: order, seats, drafts, close, export."""

from __future__ import annotations

import csv
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from seatkeep_license.localhost import install_localhost_names

from seatkeep_launcher.cli.common import DataOption, console, installation_of, problems

TOKEN = "SEATKEEP_API_TOKEN"  # noqa: S105  # The name of a variable, not a secret.
PAGE = 1000
TIMEOUT_SECONDS = 60
REFUSED, NO_TOKEN = 1, 2
Pairs = Mapping[str, str | int]

UrlOption = Annotated[str, typer.Option("--url", help="Address of Licensing; the one of this installation by itself.")]
TokenFileOption = Annotated[
    Path | None, typer.Option("--token-file", help=f"A file with the secret of an API client (or {TOKEN}).")
]
licensing_app = typer.Typer(
    help=f"Licensing over its API, with the secret of an API client (Settings → API clients) in {TOKEN}.",
    no_args_is_help=True,
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    licensing_app.callback()(choose)
    for one in (api, companies, order, seats, drafts, close, export):
        licensing_app.command()(one)
    app.add_typer(licensing_app, name="licensing")


class LicensingApi:
    """Calls Licensing in the name of an API client; what it refuses ends the command with its code and sentence."""

    def __init__(self, url: str, token: str, *, transport: httpx.BaseTransport | None = None) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        base = f"{url.rstrip('/')}/api/v1"
        install_localhost_names()
        self._http = httpx.Client(base_url=base, headers=headers, timeout=TIMEOUT_SECONDS, transport=transport)

    def call(
        self, method: str, path: str, *, body: Any = None, query: Pairs | None = None, key: str = ""
    ) -> httpx.Response:
        """One call.

        Raises:
            typer.Exit: Licensing refused or does not answer; the reason was shown.
        """
        headers = {"Idempotency-Key": key} if key else {}
        try:
            answer = self._http.request(method, path, json=body, params=query, headers=headers)
        except httpx.HTTPError as error:
            problems.print(f"Licensing does not answer: {type(error).__name__}", markup=False)
            raise typer.Exit(REFUSED) from error
        if answer.is_error:
            problems.print(_reason(answer), markup=False)
            raise typer.Exit(REFUSED)
        return answer

    def pages(self, path: str, query: Pairs | None = None) -> Iterator[dict[str, Any]]:
        """Every item of a list, page after page."""
        asked: dict[str, str | int] = {"limit": PAGE, **(query or {})}
        while True:
            page = self.call("GET", path, query=asked).json()
            yield from page["items"]
            if not page["next_cursor"]:
                return
            asked["cursor"] = page["next_cursor"]


connect: Callable[[str, str], LicensingApi] = LicensingApi
"""How a connection is made; tests put another in its place."""


def choose(
    context: typer.Context, url: UrlOption = "", token_file: TokenFileOption = None, folder: DataOption = None
) -> None:
    """Keep where Licensing is and who calls, for the command that follows."""
    context.obj = (url, token_file, folder)


def api(
    context: typer.Context,
    method: Annotated[str, typer.Argument(help="GET, POST, PUT, PATCH or DELETE.")],
    path: Annotated[str, typer.Argument(help="Below /api/v1, such as /companies?q=bakery.")],
    body: Annotated[str, typer.Option("--data", "-d", help="JSON, or @file; - reads standard input.")] = "",
    key: Annotated[str, typer.Option("--key", help="Idempotency key: the same call again does it once.")] = "",
) -> None:
    """Call any operation of Licensing's API and print its answer. They are described at /api/v1/docs.

    Examples:

      seatkeep licensing api GET '/licenses?state=ERROR'

      seatkeep licensing api POST /agreements --key order-4711
      -d '{"company_id": "…", "license_id": "…", "product": "endpoint-workstation", "mode": "FIXED", "quantity": 12}'
    """
    client = _client(context)
    answer = client.call(method.upper(), "/" + path.lstrip("/"), body=_body(body), key=key)
    _print(answer)


def companies(
    context: typer.Context,
    words: Annotated[str, typer.Argument(help="Every word of name, number, tax id, e-mail, city or tag.")] = "",
) -> None:
    """List companies as CSV: id, kind, state, number, name."""
    rows = _client(context).pages("/companies", {"q": words} if words else {})
    _csv(("id", "kind", "status", "custom_identifier", "name"), rows)


def order(
    context: typer.Context,
    owner: Annotated[str, typer.Argument(help="Id of the company that shall own the license.")],
    bundle: Annotated[str, typer.Argument(help="Code of the bundle, such as endpoint-protection.")],
    quantity: Annotated[int, typer.Argument(min=1)],
    trial: Annotated[bool, typer.Option("--trial", help="A trial of 30 days.")] = False,
    key: Annotated[str, typer.Option("--key", help="Idempotency key: the same order again is made once.")] = "",
) -> None:
    """Order a license; prints its public id."""
    line = {"bundle_code": bundle, "quantity": quantity, "kind": "TRIAL" if trial else "MSP"}
    made = _client(context).call("POST", "/licenses", body={"owner_id": owner, **line}, key=key)
    console.print(made.json()["public_id"])


def seats(
    context: typer.Context,
    license_id: Annotated[str, typer.Argument(help="Id of the license (not the public one).")],
    quantity: Annotated[int, typer.Argument(min=1)],
) -> None:
    """Change the ordered seats of a license."""
    client = _client(context)
    changed = client.call("PUT", f"/licenses/{license_id}/seats", body={"quantity": quantity}).json()
    console.print(f"{changed['public_id']}: {changed['quantity']}")


def drafts(
    context: typer.Context,
    month: Annotated[str, typer.Argument(help="Such as 2026-10.")],
) -> None:
    """List the drafts of a month as CSV; `close` reads them back once they were looked at."""
    rows = _client(context).pages("/statements", {"month_on": f"{month}-01", "state": "DRAFT"})
    _csv(("id", "seller_id", "buyer_id", "currency", "total_minor", "flag_count"), rows)


def close(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="What `drafts` printed, as looked at.")],
) -> None:
    """Close the statements of a file whose total is still the one in the file. Exit code 1 when one is refused."""
    with file.open(newline="") as opened:
        totals = {row["id"]: int(row["total_minor"]) for row in csv.DictReader(opened)}
    client, found, refused = _client(context), list(totals.items()), 0
    for start in range(0, len(found), PAGE):
        part = dict(found[start : start + PAGE])
        for one in client.call("POST", "/statements/close", body={"totals": part}).json():
            refused += one["code"] != "closed"
            console.print(f"{one['statement_id']} {one['code']} {one['detail']}".rstrip(), markup=False)
    if refused:
        raise typer.Exit(REFUSED)


def export(
    context: typer.Context,
    company_id: Annotated[str, typer.Argument(help="Id of the company; with everything below it.")],
    file: Annotated[Path, typer.Argument(help="A file ending in .csv or .xlsx.")],
) -> None:
    """Write companies and agreements below a company to a file, in the form that imports read."""
    form = file.suffix.removeprefix(".").lower()
    answer = _client(context).call("GET", f"/companies/{company_id}/export", query={"format": form})
    file.write_bytes(answer.content)
    console.print(f"{file}: {len(answer.content):,} bytes")


def _client(context: typer.Context) -> LicensingApi:
    url, token_file, folder = context.obj
    token = token_file.read_text().strip() if token_file else os.environ.get(TOKEN, "")
    if not token:
        problems.print(f"Set {TOKEN} to the secret of an API client, or name a --token-file.")
        raise typer.Exit(NO_TOKEN)
    return connect(url or installation_of(folder).settings.addresses.licensing_url, token)


def _body(text: str) -> Any:
    if not text:
        return None
    raw = sys.stdin.read() if text == "-" else Path(text[1:]).read_text() if text.startswith("@") else text
    try:
        return json.loads(raw)
    except ValueError as error:
        raise typer.BadParameter(f"This is no JSON: {error}", param_hint="--data") from None


def _print(answer: httpx.Response) -> None:
    if "json" in answer.headers.get("Content-Type", ""):
        sys.stdout.write(json.dumps(answer.json(), indent=2, ensure_ascii=False) + "\n")
    else:
        sys.stdout.buffer.write(answer.content)


def _csv(columns: tuple[str, ...], rows: Iterator[dict[str, Any]]) -> None:
    writer = csv.DictWriter(sys.stdout, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)


def _reason(answer: httpx.Response) -> str:
    try:
        problem = answer.json()
        fields = "".join(f"\n  {name}: {' '.join(texts)}" for name, texts in problem.get("errors", {}).items())
        return f"{problem['code']}: {problem['detail']}{fields}"
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"Licensing answered {answer.status_code}."
