"""A technician's hands in the console: one policy with an exclusion, changed through its page."""

from __future__ import annotations

import asyncio

from seatkeep_bench.browser import Browser

EXCLUSIONS = "scan__exclusions"
"""The exclusions' field in the policy form."""


class PolicyPage:
    """The edit page of one policy."""

    def __init__(self, browser: Browser, edit_url: str) -> None:
        """Take a signed-in browser and the address of the policy's edit page."""
        self._browser = browser
        self._edit_url = edit_url
        self._form = browser.open(edit_url).form_with(EXCLUSIONS)

    async def change(self, path: str) -> None:
        """Save the policy with `path` as its only exclusion; the form was opened before, as a technician has it.

        Raises:
            BenchError: The console refused.
        """
        await asyncio.to_thread(self._browser.submit, self._form, **exclusion_values(path))


def exclusion_values(path: str) -> dict[str, str]:
    """Return the fields of a policy form that set one exclusion."""
    return {EXCLUSIONS: path, f"{EXCLUSIONS}--flag": "APPLY", f"{EXCLUSIONS}--mode": "REPLACE"}
