"""What is wrong with customers and with the whole instance: reads the facts, asks the rules, settles all at once."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import F, OuterRef, Subquery

from seatkeep_manager.directory.models import Instance
from seatkeep_manager.enrollment.enums import RequestState, TokenKind
from seatkeep_manager.enrollment.models import EnrollmentRequest, EnrollmentToken
from seatkeep_manager.hublink.selectors import link_get
from seatkeep_manager.policies.enums import RolloutState
from seatkeep_manager.policies.models import PolicyRollout, PolicyVersion
from seatkeep_manager.problems import rules
from seatkeep_manager.problems.enums import PLACE_KINDS, ProblemKind, ProblemSeverity
from seatkeep_manager.problems.findings import Finding, findings_settle

INSTANCE = "instance"
BACKUP_MARK = "made-at"
"""Beside the backups: `seatkeep backup` touches it also when the file itself goes elsewhere."""
STOPPED_COUNTS_FOR = timedelta(days=30)


@transaction.atomic
def instance_evaluate(*, now: datetime) -> None:
    """Open and close what is not about one device. Idempotent."""
    found = [*_waiting(), *_busy_keys(now), *_stopped_rollouts(now), *_link(now), *_backup(now), *_disk()]
    findings_settle(found, kinds=PLACE_KINDS, now=now)


def _waiting() -> Iterator[Finding]:
    rows = EnrollmentRequest.objects.filter(state=RequestState.WAITING)
    for uid, company, hostname, reason in rows.values_list("uid", "company_hub_id", "hostname", "reason"):
        details: dict[str, object] = {"hostname": hostname, "reason": reason, "request": str(uid)}
        yield Finding(
            ProblemKind.WAITING_FOR_APPROVAL, ProblemSeverity.AMBER, f"request:{uid}", company, details
        )  # fmt: skip


def _busy_keys(now: datetime) -> Iterator[Finding]:
    today = now.date()
    rows = EnrollmentToken.objects.filter(
        kind=TokenKind.DEPLOYMENT_KEY, revoked_at__isnull=True, day=today, day_uses__gte=rules.KEY_BUSY_LEAST
    )
    for key in rows:
        usual = rules.key_usual_rate(uses_before=key.uses - key.day_uses, created_at=key.created_at, today=today)
        if rules.key_is_busy(uses_today=key.day_uses, usual=usual):
            details: dict[str, object] = {"key": str(key.uid), "hint": key.hint, "usual": round(usual or 0, 1)}
            yield Finding(
                ProblemKind.KEY_BUSY, ProblemSeverity.RED, f"key:{key.uid}:{today}", key.company_hub_id, details
            )


def _stopped_rollouts(now: datetime) -> Iterator[Finding]:
    """Roll-outs that stopped themselves, until a newer version of the policy is made; a month at most."""
    newest = PolicyVersion.objects.filter(policy=OuterRef("policy")).order_by("-version").values("version")[:1]
    rows = PolicyRollout.objects.filter(
        state=RolloutState.STOPPED, finished_at__gt=now - STOPPED_COUNTS_FOR, policy__deleted_at__isnull=True
    ).annotate(newest=Subquery(newest))
    for one in rows.filter(version__version=F("newest")).select_related("policy", "version"):
        details: dict[str, object] = {
            "policy": str(one.policy.uid), "name": one.policy.name, "version": one.version.version,
            "reason": one.reason[:500],
        }  # fmt: skip
        subject, company = f"rollout:{one.uid}", one.policy.company_hub_id
        yield Finding(ProblemKind.ROLLOUT_STOPPED, ProblemSeverity.RED, subject, company, details)


def _link(now: datetime) -> Iterator[Finding]:
    link = link_get()
    if rules.link_is_broken(disconnected_since=link.disconnected_since, now=now):
        details: dict[str, object] = {"reason": link.disconnected_reason[:500]}
        yield Finding(ProblemKind.LINK_BROKEN, ProblemSeverity.RED, INSTANCE, None, details)


def _backup(now: datetime) -> Iterator[Finding]:
    instance = Instance.objects.first()
    if not settings.DATA_DIR or instance is None:
        return
    made_at = backup_made_at(Path(settings.DATA_DIR) / "backups")
    severity = rules.backup_severity(made_at=made_at, running_since=instance.created_at, now=now)
    if severity is not None:
        details: dict[str, object] = {"made_at": made_at.isoformat() if made_at else None}
        yield Finding(ProblemKind.BACKUP_OLD, severity, INSTANCE, None, details)


def backup_made_at(folder: Path) -> datetime | None:
    """When the newest backup was made; None: there is none, or the folder cannot be read."""
    try:
        marks = [*folder.glob("seatkeep-*.backup"), *folder.glob(BACKUP_MARK)]
        newest = max((path.stat().st_mtime for path in marks), default=None)
    except OSError:
        return None
    return datetime.fromtimestamp(newest, UTC) if newest is not None else None


def _disk() -> Iterator[Finding]:
    if not settings.DATA_DIR:
        return
    try:
        usage = shutil.disk_usage(settings.DATA_DIR)
    except OSError:
        return
    severity = rules.disk_severity(free_bytes=usage.free, size_bytes=usage.total)
    if severity is not None:
        details: dict[str, object] = {"percent": round(100 * usage.free / usage.total)}
        yield Finding(ProblemKind.CONSOLE_DISK_LOW, severity, INSTANCE, None, details)
