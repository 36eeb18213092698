"""Writes of licenses: order, change seats, show and rotate secrets."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import NamedTuple

from django.db import transaction
from seatkeep_license import license_keys
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record
from seatkeep_webkit.outbox.services import outbox_append

from seatkeep_hub.companies import rules as company_rules
from seatkeep_hub.companies.enums import CompanyStatus, FeedKind
from seatkeep_hub.companies.errors import CompanyStatusError
from seatkeep_hub.companies.feed import feed_append
from seatkeep_hub.companies.models import Company
from seatkeep_hub.licensing import pool, rules
from seatkeep_hub.licensing.enums import EntryKind, Lapse, LicenseKind, NodeKind, Overuse
from seatkeep_hub.licensing.errors import (
    BundleNotAllowedError,
    BundleNotFoundError,
    LicenseExpiredError,
    LicenseFieldError,
    LicenseStateError,
    NotALicenseOwnerError,
    ProductNotInLicenseError,
    QuantityTooLowError,
    TrialNotAllowedError,
    TrialOpenError,
)
from seatkeep_hub.licensing.isolation import read_committed
from seatkeep_hub.licensing.lookups import key_lookup, secret_lookup
from seatkeep_hub.licensing.models import Bundle, CredentialSet, License, LicenseEntry, PoolNode

MAX_QUANTITY = 1_000_000


class Credential(NamedTuple):
    """User name and secret of one product of a license."""

    username: str
    secret: str


def license_order(
    *,
    actor: Actor,
    owner: Company,
    bundle_code: str,
    kind: LicenseKind | str,
    quantity: int,
    now: datetime,
    overuse: Overuse | str = Overuse.ALLOW_AND_ALERT,
    grow_ceiling: int | None = None,
    lapse: Lapse | str = Lapse.KEEP_PROTECTING,
    lapse_days: int = 0,
    expires_at: datetime | None = None,
) -> License:
    """Order a bundle: license with key, one credential set and one root node per product, first ledger entry.

    Whether the actor may order for `owner` is the caller's look-up.

    Args:
        actor: Who orders.
        owner: Owner of the license (see `rules.OWNERS`); it and companies below it can have a share.
        bundle_code: Code of the bundle.
        kind: Terms of the license.
        quantity: Units, 1 to 1,000,000.
        now: Current time, aware UTC.
        overuse: What happens when the seats run out.
        grow_ceiling: Units up to which AUTO_GROW may order; needed there, forbidden elsewhere.
        lapse: What devices do when their lease runs out.
        lapse_days: Days of protection without updates, for STOP_UPDATES_THEN_PROTECTION.
        expires_at: When the license ends; None for never, and for a trial 30 days from `now`.

    Raises:
        BundleNotFoundError: No bundle that can be ordered has the code.
        LicenseFieldError: Quantity, ceiling or expiry is out of range; `fields` names it.
        NotALicenseOwnerError: A company of the owner's kind does not own licenses of this kind.
        CompanyStatusError: The owner is suspended or removed.
        BundleNotAllowedError: The owner or a company above it does not allow this bundle.
        TrialNotAllowedError: A trial, and the owner or a company above it may not have one.
        TrialOpenError: A trial of this bundle is running already.
    """
    if not rules.may_own(owner.kind, kind):
        raise NotALicenseOwnerError(fields={"owner": [NotALicenseOwnerError.message]})
    _terms_check(quantity, overuse, grow_ceiling, expires_at, now)
    bundle = Bundle.objects.filter(code=bundle_code, is_offered=True).first()
    if bundle is None:
        raise BundleNotFoundError
    if kind == LicenseKind.TRIAL:
        expires_at = expires_at or now + rules.TRIAL_PERIOD
    wanted = License(
        bundle=bundle, kind=kind, quantity=quantity, overuse=overuse, grow_ceiling=grow_ceiling, lapse=lapse,
        lapse_days=lapse_days, expires_at=expires_at,
    )  # fmt: skip
    with read_committed():
        wanted.owner = _owner_locked(owner)
        _permission_check(wanted.owner, bundle, kind, now)
        license = _with_key(wanted, now)
        _credentials_create(license, now)
        pool.roots_create(license, now)
        entry_append(license, EntryKind.ORDER, quantity_before=0, actor=actor, now=now)
        record(license, actor, "order", now, {"bundle": bundle.code, "quantity": quantity, "kind": str(kind)})
    return license


def license_quantity_change(
    *, actor: Actor, license: License, quantity: int, now: datetime, note: str = "", ceiling: int | None = None
) -> License:
    """Set the ordered quantity (an absolute number). The same number changes nothing.

    Seats in use beyond it stay; under BLOCK nothing new fits until enough are given back.

    Args:
        actor: Who changes it.
        license: Which license.
        quantity: Units, 1 to 1,000,000.
        now: Current time, aware UTC.
        note: Why, for the ledger.
        ceiling: New ceiling of AUTO_GROW; raised to `quantity` by itself when lower.

    Raises:
        LicenseFieldError: The quantity is out of range.
        LicenseStateError: The license is cancelled, or changes are frozen.
        LicenseExpiredError: It is over.
        QuantityTooLowError: More is promised to customers; `agreed` says how many units that needs.
    """
    quantity_check(quantity)
    with read_committed():
        locked, nodes = pool.license_lock(license)
        change_check(locked, now)
        if locked.quantity == quantity and ceiling is None:
            return locked
        agreed = units_agreed(locked)
        if quantity < min(agreed, locked.quantity):
            raise QuantityTooLowError(agreed=agreed)
        quantity_set(locked, nodes, quantity=quantity, ceiling=ceiling, actor=actor, now=now, note=note)
    return locked


def license_overuse_set(
    *, actor: Actor, license: License, overuse: Overuse | str, now: datetime, grow_ceiling: int | None = None
) -> License:
    """Set what happens when the seats run out. The same rule changes nothing; no seat in use is cut off.

    Args:
        actor: Who does it.
        license: Which license.
        overuse: The rule.
        now: Current time, aware UTC.
        grow_ceiling: Units up to which AUTO_GROW may order; needed there, forbidden elsewhere.

    Raises:
        LicenseFieldError: The ceiling is missing, too low, or not of this rule.
        LicenseStateError: The license is cancelled, or changes are frozen.
        LicenseExpiredError: It is over.
    """
    with read_committed():
        locked, nodes = pool.license_lock(license)
        change_check(locked, now)
        _terms_check(locked.quantity, overuse, grow_ceiling, None, now)
        if (locked.overuse, locked.grow_ceiling) == (str(overuse), grow_ceiling):
            return locked
        locked.overuse, locked.grow_ceiling, locked.updated_at = str(overuse), grow_ceiling, now
        locked.save(update_fields=["overuse", "grow_ceiling", "updated_at"])
        pool.roots_limit(locked, nodes)
        note = f"{locked.overuse} {grow_ceiling or ''}".strip()
        entry_append(locked, EntryKind.OVERUSE, quantity_before=locked.quantity, actor=actor, now=now, note=note)
        record(locked, actor, "overuse", now, {"overuse": locked.overuse, "ceiling": grow_ceiling})
    return locked


def change_check(license: License, now: datetime) -> None:
    """See that a license's numbers and agreements may be changed.

    Raises:
        LicenseStateError: It is cancelled, or changes are frozen.
        LicenseExpiredError: It is over at `now`.
    """
    if license.cancelled_at or license.frozen_at:
        raise LicenseStateError
    if license.expires_at is not None and now >= license.expires_at:
        raise LicenseExpiredError


def quantity_set(
    license: License,
    nodes: list[PoolNode],
    *,
    quantity: int,
    actor: Actor,
    now: datetime,
    note: str = "",
    ceiling: int | None = None,
    kind: EntryKind = EntryKind.QUANTITY,
) -> None:
    """Write a new quantity of a license that is locked with its nodes: row, limits, ledger, audit, feed."""
    before, license.quantity = license.quantity, quantity
    if license.overuse == Overuse.AUTO_GROW:
        license.grow_ceiling = max(ceiling or license.grow_ceiling or quantity, quantity)
    license.updated_at = now
    license.save(update_fields=["quantity", "grow_ceiling", "updated_at"])
    pool.roots_limit(license, nodes)
    entry_append(license, kind, quantity_before=before, actor=actor, now=now, note=note)
    record(license, actor, "quantity", now, {"before": before, "quantity": quantity})


def units_agreed(license: License) -> int:
    """Least number of units that covers what customers were promised of each product."""
    ratios = dict(license.bundle.lines.values_list("product_id", "ratio"))
    promised: dict[int, int] = dict.fromkeys(ratios, 0)
    shares = PoolNode.objects.filter(license=license, kind=NodeKind.CUSTOMER, closed_at=None)
    for product_id, reserved in shares.values_list("product_id", "reserved"):
        promised[product_id] += reserved
    return max((rules.units_for(seats, ratios[one]) for one, seats in promised.items()), default=0)


@transaction.atomic
def license_key_show(*, actor: Actor, license: License, now: datetime) -> str:
    """Show the secret key to somebody who may; audited."""
    audit(license, actor, "key_show", now, {})
    return str(license.key_encrypted)


def license_key_rotate(*, actor: Actor, license: License, now: datetime) -> str:
    """Give the license a new key and new credentials; what was known before activates nothing more.

    Computers that hold a seat keep it; `ordering.keys.key_replace` can give their seats back, too.

    Returns:
        The new key.

    Raises:
        LicenseStateError: It is cancelled.
    """
    key = license_keys.generate(secrets.token_bytes(license_keys.KEY_RANDOM_BYTES))
    with read_committed():
        locked, _ = pool.license_lock(license)
        if locked.cancelled_at:
            raise LicenseStateError
        CredentialSet.objects.filter(license=locked).delete()
        _credentials_create(locked, now)
        locked.key_lookup, locked.key_encrypted, locked.updated_at = key_lookup(key), key, now
        locked.save(update_fields=["key_lookup", "key_encrypted", "updated_at"])
        entry_append(locked, EntryKind.KEY_ROTATE, quantity_before=locked.quantity, actor=actor, now=now)
        record(locked, actor, "key_rotate", now, {})
    return key


@transaction.atomic
def credential_show(*, actor: Actor, license: License, product_code: str, now: datetime) -> Credential:
    """Show user name and secret of one product to somebody who may; audited.

    Raises:
        ProductNotInLicenseError: The license does not hold the product.
    """
    found = CredentialSet.objects.filter(license=license, product__code=product_code).first()
    if found is None:
        raise ProductNotInLicenseError
    audit(license, actor, "credential_show", now, {"product": product_code, "username": found.username})
    return Credential(found.username, str(found.secret_encrypted))


def entry_append(
    license: License, kind: EntryKind, *, quantity_before: int, actor: Actor, now: datetime, note: str = ""
) -> LicenseEntry:
    """Append a line to the ledger of a locked license; its number follows the last one."""
    license.last_entry_number += 1
    license.save(update_fields=["last_entry_number"])
    return LicenseEntry.objects.create(
        license=license,
        number=license.last_entry_number,
        kind=kind,
        bundle_id=license.bundle_id,
        quantity_before=quantity_before,
        quantity=license.quantity,
        actor=actor.label[:200],
        note=note[:500],
        at=now,
    )


def record(
    license: License, actor: Actor, verb: str, now: datetime, details: dict[str, str | int | bool | None]
) -> None:
    """Audit, outbox and feed of one change of a license."""
    audit(license, actor, verb, now, details)
    outbox_append(topic=f"license.{verb}", payload={"v": 1, "license": str(license.uid)}, now=now)
    feed_append(kind=FeedKind.LICENSE, uid=license.uid, path=license.owner.path, now=now)


def audit(
    license: License, actor: Actor, verb: str, now: datetime, details: dict[str, str | int | bool | None]
) -> None:
    """Audit entry of one act on a license."""
    audit_record(
        actor=actor,
        action=f"license:{verb}",
        subject_type="license",
        subject_id=str(license.uid),
        company_uid=license.owner.uid,
        details={"public_id": license.public_id, **details},
        now=now,
    )


def credentials_follow(license: License, now: datetime) -> None:
    """Give a locked license one credential set per product that it holds: no more, and those it has stay."""
    held = license.bundle.lines.values("product_id")
    CredentialSet.objects.filter(license=license).exclude(product__in=held).delete()
    _credentials_create(license, now)


def _credentials_create(license: License, now: datetime) -> None:
    there = CredentialSet.objects.filter(license=license).values("product_id")
    lines = license.bundle.lines.select_related("product").exclude(product__in=there)
    for line in lines.order_by("product_id"):
        secret = secrets.token_urlsafe(18)
        CredentialSet.objects.create(
            license=license,
            product=line.product,
            username=f"SK-{secrets.token_hex(5).upper()}",
            secret_lookup=secret_lookup(secret),
            secret_encrypted=secret,
            created_at=now,
        )


def _owner_locked(owner: Company) -> Company:
    """The owner as it is now, held until the order stands, so that it is not suspended meanwhile."""
    locked = Company.objects.select_for_update(no_key=True).get(pk=owner.pk)
    if locked.status in {CompanyStatus.SUSPENDED, CompanyStatus.REMOVED}:
        raise CompanyStatusError
    return locked


def _with_key(license: License, now: datetime) -> License:
    """Give a new license its two ids, the one to be told and the secret one, and save it."""
    key = license_keys.generate(secrets.token_bytes(license_keys.KEY_RANDOM_BYTES))
    license.public_id = license_keys.public_id_generate(secrets.token_bytes(license_keys.PUBLIC_ID_RANDOM_BYTES))
    license.key_lookup, license.key_encrypted = key_lookup(key), key
    license.created_at = license.updated_at = now
    license.save()
    return license


def _permission_check(owner: Company, bundle: Bundle, kind: LicenseKind | str, now: datetime) -> None:
    """What the owner, locked, and the companies above it permit."""
    above = Company.objects.filter(pk__in=owner.path)
    allowed = company_rules.allowed_codes(above.values_list("allowed_bundles", flat=True))
    if allowed is not None and bundle.code not in allowed:
        raise BundleNotAllowedError
    if kind != LicenseKind.TRIAL:
        return
    if above.filter(is_trial_allowed=False).exists():
        raise TrialNotAllowedError
    if License.objects.filter(owner=owner, bundle=bundle, kind=kind, cancelled_at=None, expires_at__gt=now).exists():
        raise TrialOpenError


def quantity_check(quantity: int) -> None:
    """See that a number of units is in range.

    Raises:
        LicenseFieldError: It is not within 1 to 1,000,000.
    """
    if not 1 <= quantity <= MAX_QUANTITY:
        raise LicenseFieldError(fields={"quantity": [f"Between 1 and {MAX_QUANTITY:,}."]})


def _terms_check(
    quantity: int, overuse: Overuse | str, ceiling: int | None, expires_at: datetime | None, now: datetime
) -> None:
    quantity_check(quantity)
    if (overuse == Overuse.AUTO_GROW) != (ceiling is not None):
        raise LicenseFieldError(fields={"grow_ceiling": ["Needed to grow by itself, and only there."]})
    if ceiling is not None and not quantity <= ceiling <= MAX_QUANTITY:
        raise LicenseFieldError(fields={"grow_ceiling": ["At least the ordered seats."]})
    if expires_at is not None and expires_at <= now:
        raise LicenseFieldError(fields={"expires_at": ["It must lie in the future."]})
