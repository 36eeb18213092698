"""A person who looks at pages inside the machine, so that what is measured is the server's own time."""

from __future__ import annotations

import time
from collections.abc import Sequence
from urllib.parse import urlsplit

import httpx

from seatkeep_bench.browser import Browser
from seatkeep_bench.errors import BenchError

PATIENCE_SECONDS = 10.0
TIMEOUT_SECONDS = 20.0


class Looker:
    """Somebody who is signed in, and asks the pages' server itself."""

    def __init__(self, browser: Browser, *, people_url: str, inside_url: str) -> None:
        """Take over a session.

        Args:
            browser: Signed in through the front door.
            people_url: The site's address for people.
            inside_url: Its server's address behind the front door.
        """
        parts = urlsplit(people_url)
        self._client = httpx.Client(
            base_url=inside_url,
            headers={"Host": parts.netloc, "Cookie": browser.cookies(parts.hostname or "")},
            timeout=TIMEOUT_SECONDS,
            trust_env=False,
        )

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def seconds(self, paths: Sequence[str], times: int) -> dict[str, list[float]]:
        """Look at each path so often, in turn; returns the seconds by path. The first look of each is not counted.

        A page that has taken ten seconds in all is not looked at any more: a slow one does not hold up the rest.

        Raises:
            BenchError: A page is not answered with 200.
        """
        for path in paths:
            self._look(path)
        found: dict[str, list[float]] = {path: [] for path in paths}
        for _ in range(times):
            for path in paths:
                if sum(found[path]) < PATIENCE_SECONDS:
                    found[path].append(self._look(path))
        return found

    def _look(self, path: str) -> float:
        begun = time.perf_counter()
        try:
            answer = self._client.get(path)
        except httpx.TimeoutException:
            return TIMEOUT_SECONDS
        seconds = time.perf_counter() - begun
        if answer.status_code != httpx.codes.OK:
            raise BenchError(f"{path} answered {answer.status_code}.")
        return seconds
