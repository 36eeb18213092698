"""Background work of imports."""

from __future__ import annotations

from uuid import UUID

from procrastinate.contrib.django import app
from seatkeep_webkit import clock

from seatkeep_hub.imports.applying import import_apply_run
from seatkeep_hub.imports.enums import ImportState
from seatkeep_hub.imports.models import ImportRun
from seatkeep_hub.imports.services import import_check
from seatkeep_hub.imports.undoing import import_undo_run


@app.task(name="imports.check", retry=3)
def check(uid: str) -> None:
    """Plan the rows of one import."""
    import_check(uid=UUID(uid))


@app.task(name="imports.apply", retry=5)
def apply(uid: str) -> None:
    """Apply one import; it goes on where a killed worker stopped."""
    import_apply_run(uid=UUID(uid), now=clock.now())


@app.task(name="imports.undo", retry=5)
def undo(uid: str) -> None:
    """Take one import back."""
    import_undo_run(uid=UUID(uid), now=clock.now())


@app.periodic(cron="*/5 * * * *")
@app.task(name="imports.resume", queueing_lock="imports.resume")
def resume(timestamp: int) -> None:
    """Every five minutes: go on with what a killed worker left; what another worker is at is left to it."""
    now = clock.now()
    left = ImportRun.objects.filter(state__in=[ImportState.PLANNING, ImportState.APPLYING, ImportState.UNDOING])
    for uid, state in left.order_by("id").values_list("uid", "state"):
        if state == ImportState.PLANNING:
            import_check(uid=uid)
        elif state == ImportState.APPLYING:
            import_apply_run(uid=uid, now=now)
        else:
            import_undo_run(uid=uid, now=now)
