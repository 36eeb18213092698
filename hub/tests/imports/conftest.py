"""The cast of imports: MSP A's owner uploads; helpers that go the whole way of a file.

Django is imported inside the fixtures: this file is read before PostgreSQL and the settings exist.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def alice(cast: Any) -> Any:
    from seatkeep_webkit.actors import Actor, ActorKind

    return Actor(kind=ActorKind.USER, id=str(cast.alice.uid), label="alice@example.com")


@pytest.fixture
def upload(cast: Any, alice: Any) -> Any:
    """Upload text or bytes and check it; returns the run."""
    from seatkeep_hub.imports.services import import_begin, import_check, import_map

    def call(content: str | bytes, *, into: Any = None, actor: Any = None, is_json: bool = False) -> Any:
        plain = content.encode() if isinstance(content, str) else content
        run = import_begin(
            actor=actor or alice,
            target=into or cast.msp_a,
            file_name="list.csv",
            content=plain,
            now=NOW,
            is_json=is_json,
        )
        import_map(run=run, mapping=run.mapping)
        return import_check(uid=run.uid)

    return call


@pytest.fixture
def apply(alice: Any) -> Any:
    """Apply a checked run; returns it."""
    from seatkeep_hub.imports.applying import import_apply_run
    from seatkeep_hub.imports.services import import_apply

    def call(run: Any, at: datetime = LATER) -> Any:
        import_apply(actor=alice, run=run, now=at)
        return import_apply_run(uid=run.uid, now=at)

    return call


@pytest.fixture
def undo(alice: Any) -> Any:
    """Take a run back; returns it."""
    from seatkeep_hub.imports.undoing import import_undo, import_undo_run

    def call(run: Any) -> Any:
        import_undo(actor=alice, run=run, now=LATER + timedelta(hours=1))
        return import_undo_run(uid=run.uid, now=LATER + timedelta(hours=1))

    return call
