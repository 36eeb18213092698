"""What reads the hub over HTTP: a manager that follows the feed, and its owner, who looks at pages and searches."""

from __future__ import annotations

import uuid
from urllib.parse import urlencode, urlsplit

import httpx
from seatkeep_license.encoding import seconds_of
from seatkeep_license.jose import sign
from seatkeep_license.keys import SigningKey

from seatkeep_bench.browser import Browser
from seatkeep_bench.clock import now
from seatkeep_bench.errors import BenchError
from seatkeep_bench.hub.stack import OWNER, HubStack
from seatkeep_bench.looker import Looker

TOKEN_SECONDS = 60
SYNC_LIMIT = 1_000
EMPTY_SHA256 = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"
"""Base64url of the digest of an empty body."""


class Follower:
    """A manager's link: reads the feed of its company, each call signed by its own key."""

    def __init__(self, stack: HubStack, instance: uuid.UUID, key: SigningKey) -> None:
        """Take the link's identity."""
        self._stack, self._instance, self._key = stack, instance, key
        self._host = urlsplit(stack.licensing_url).netloc
        self._client = httpx.Client(base_url=stack.web_url, timeout=60, trust_env=False)

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def read(self, cursor: str | None = None) -> tuple[str, int]:
        """Read from a cursor to the end; returns the new cursor and how many items came."""
        count = 0
        while True:
            query = {"limit": str(SYNC_LIMIT)} | ({"cursor": cursor} if cursor else {})
            page = self._get(f"/api/v1/sync?{urlencode(query)}")
            cursor, count = str(page["cursor"]), count + len(page["items"])
            if not page["more"]:
                return cursor, count

    def _get(self, path: str) -> dict[str, list[object]]:
        headers = {"Authorization": f"Bearer {self._token(path)}", "Host": self._host}
        answer = self._client.get(path, headers=headers)
        if answer.status_code != httpx.codes.OK:
            raise BenchError(f"The feed answered {answer.status_code}: {answer.text[:200]}")
        found: dict[str, list[object]] = answer.json()
        return found

    def _token(self, path: str) -> str:
        issued = seconds_of(now())
        claims = {
            "iss": str(self._instance),
            "aud": self._stack.licensing_url,
            "iat": issued,
            "exp": issued + TOKEN_SECONDS,
            "jti": str(uuid.uuid4()),
            "htm": "GET",
            "htu": path,
            "bh": EMPTY_SHA256,
        }
        return sign(claims, self._key, "seatkeep-instance+jwt")


def owner_looks(stack: HubStack) -> Looker:
    """The owner, signed in through the front door."""
    browser = Browser()
    browser.sign_in(f"{stack.licensing_url}/", email=OWNER, password=stack.password)
    looker = Looker(browser, people_url=stack.licensing_url, inside_url=stack.web_url)
    browser.close()
    return looker
