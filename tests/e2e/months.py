"""A stack whose clock a test moves, past its first run, with a console of the test's own that hands out seats."""

from __future__ import annotations

import json
import ssl
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from seatkeep_bench.browser import Browser
from seatkeep_license.encoding import seconds_of
from seatkeep_license.keys import SigningKey
from seatkeep_license.leases import Confirmation
from seatkeep_license.requests import ActivateRequest, DeviceInfo, activate_build
from seatkeep_license.tickets import Ticket, ticket_sign

from .conftest import Stack
from .prepared import prepare
from .waiting import wait_until

WORKSTATION = "endpoint-workstation"


@dataclass
class Month:
    """Licensing with a movable clock.

    Attributes:
        stack: What runs.
        browser: The owner's session.
        msp: Uid of the owner's company.
        password: The owner's.
        year: A year that has not begun by any clock.
    """

    stack: Stack
    browser: Browser
    msp: str
    password: str
    year: int

    def __post_init__(self) -> None:
        """Link a console whose key the test holds."""
        self._key, self._now = SigningKey.generate(), datetime.now(UTC)
        bootstrap = json.loads((self.stack.data / "secrets/secrets.json").read_text())["bootstrap_token"]
        wanted = {"name": "Console of the test", "console_url": self.stack.console, "jwk": self._key.verify_key.jwk}
        asked = self._post("/link", {**wanted, "bootstrap_token": bootstrap})
        answer = self._post("/link/poll", {"device_code": asked["device_code"]})
        self._instance, self._audience = answer["instance_id"], answer["licensing_device_url"]
        self.token = self.api("POST", "/api-tokens", {"company_id": self.msp, "name": "PSA", "level": "WRITE"})[
            "secret"
        ]

    def clock(self, month: int, day: int, hour: int = 8) -> dict[str, Any]:
        """Move the clock to a time of the year, UTC; returns what became due."""
        self._now = datetime(self.year, month, day, hour, tzinfo=UTC)
        answer = httpx.post(
            f"{self.stack.licensing}/_test/clock", json={"now": self._now.isoformat()}, timeout=60, trust_env=False
        )
        assert answer.is_success, answer.text
        return dict(answer.json())

    def api(self, method: str, path: str, body: Any = None) -> Any:
        """Call the API as the owner."""
        return self.browser.api(method, f"{self.stack.licensing}/api/v1{path}", body)

    def call(self, method: str, path: str, body: Any = None, *, status: int = 200, key: str = "") -> Any:
        """Call the API as a program with the MSP's token; `key` is the Idempotency-Key."""
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": key or str(uuid.uuid4())}
        answer = httpx.request(
            method, f"{self.stack.licensing}/api/v1{path}", json=body, headers=headers, timeout=60, trust_env=False
        )
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    def items(self, path: str) -> list[Any]:
        """The first page of a list."""
        return list(self.call("GET", path)["items"])

    def eventually(self, what: str, is_so: Callable[[], bool]) -> None:
        """Wait for what a worker does."""
        wait_until(what, is_so, 60)

    def activate(self, customer: str, public_id: str, *names: str) -> None:
        """Computers of a customer take a seat each, by tickets of the linked console."""
        trust = ssl.create_default_context(cafile=str(self.stack.data / "ca/root.crt"))
        for name in names:
            answer = httpx.post(
                f"{self._audience}/activate/v1/activate", content=self._request(customer, public_id, name),
                headers={"Content-Type": "application/jose"}, verify=trust,
                timeout=30, trust_env=False,
            )  # fmt: skip
            assert answer.is_success, answer.text

    def _request(self, customer: str, public_id: str, name: str) -> str:
        device, at = SigningKey.generate(), seconds_of(self._now)
        ticket = Ticket(
            iss=self._instance, aud=self._audience, license=public_id, product=WORKSTATION, company=customer,
            cnf=Confirmation(jkt=device.kid), task=uuid.uuid4().hex, iat=at,
            exp=seconds_of(self._now + timedelta(hours=1)), jti=uuid.uuid4().hex,
        )  # fmt: skip
        asked = ActivateRequest(
            aud=self._audience, iat=at, jti=uuid.uuid4().hex, product=WORKSTATION, fp=uuid.uuid4().hex,
            device=DeviceInfo(name=name), ticket=ticket_sign(ticket, self._key),
        )  # fmt: skip
        return activate_build(asked, device)

    def _post(self, path: str, body: Any) -> Any:
        answer = httpx.post(f"{self.stack.licensing}/api/v1{path}", json=body, timeout=30, trust_env=False)
        assert answer.is_success, answer.text
        return answer.json()


@contextmanager
def month_begin(stack: Stack) -> Iterator[Month]:
    """A stack that was started with `SEATKEEP_TEST_CLOCK=1`, taken past its first run."""
    prepared = prepare(stack)
    companies = prepared.browser.api("GET", f"{stack.licensing}/api/v1/companies")["items"]
    msp = next(one["id"] for one in companies if one["kind"] == "MSP")
    try:
        yield Month(stack, prepared.browser, msp, prepared.facts.password, datetime.now(UTC).year + 1)
    finally:
        prepared.browser.close()
