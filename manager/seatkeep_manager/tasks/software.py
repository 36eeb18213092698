"""The list of software that tasks may install."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from seatkeep_protocol.tasks import SoftwareInstallParams
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record

from seatkeep_manager.tasks.errors import PackageInvalidError, PackageNotFoundError
from seatkeep_manager.tasks.models import SoftwarePackage


def packages_listed() -> QuerySet[SoftwarePackage]:
    """What may be installed, by name."""
    return SoftwarePackage.objects.filter(removed_at__isnull=True).order_by("name", "version", "id")


def package_get(uid: UUID) -> SoftwarePackage:
    """One package of the list.

    Raises:
        PackageNotFoundError: It is not on the list (any more).
    """
    found = packages_listed().filter(uid=uid).first()
    if found is None:
        raise PackageNotFoundError
    return found


@transaction.atomic
def package_add(
    *, actor: Actor, name: str, version: str, package_format: str, url: str, sha256: str, now: datetime
) -> SoftwarePackage:
    """Take a package on the list. Whoever may do so decides what programs run on every customer's computers.

    Raises:
        PackageInvalidError: A field does not fit, or the same file is on the list already.
    """
    wanted = {"name": f"{name} {version}".strip(), "format": package_format, "url": url, "sha256": sha256.lower()}
    try:
        msgspec.convert(wanted, SoftwareInstallParams)
    except msgspec.ValidationError as error:
        field = str(error).rpartition("$.")[2].rstrip("`") if "$." in str(error) else "name"
        raise PackageInvalidError(fields={field: [str(error)]}) from error
    try:
        with transaction.atomic():
            made = SoftwarePackage.objects.create(
                name=name, version=version, format=package_format, url=url, sha256=sha256.lower(), created_at=now,
                created_by=actor.label,
            )  # fmt: skip
    except IntegrityError as error:
        raise PackageInvalidError(fields={"sha256": ["This file is on the list already."]}) from error
    _record(actor, "package:add", made, now)
    return made


@transaction.atomic
def package_remove(*, actor: Actor, package: SoftwarePackage, now: datetime) -> None:
    """Take a package off the list; what was ordered already is still done. Idempotent."""
    if SoftwarePackage.objects.filter(pk=package.pk, removed_at__isnull=True).update(removed_at=now):
        _record(actor, "package:remove", package, now)


def _record(actor: Actor, action: str, package: SoftwarePackage, now: datetime) -> None:
    audit_record(
        actor=actor, action=action, subject_type="package", subject_id=str(package.uid), company_uid=None,
        details={"name": str(package), "url": package.url[:500], "sha256": package.sha256}, now=now,
    )  # fmt: skip
