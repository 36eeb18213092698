"""Move a company with its licenses and history: what it shares from above goes over to a license of the new MSP.

Days before the day of the move were bought from the old MSP and stay with it; from the day of the move on everything is
bought from the new one. Devices notice nothing: they keep their seats and get the new license when they renew.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Min, QuerySet
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record

from seatkeep_hub.agreements.day_clocks import Clocks
from seatkeep_hub.agreements.enums import AgreementMode
from seatkeep_hub.agreements.models import Agreement, UsageDay, UsageRun
from seatkeep_hub.agreements.services import Terms, agreement_close_locked, agreement_write, license_cover
from seatkeep_hub.agreements.usage import usage_recount
from seatkeep_hub.companies import rules as company_rules
from seatkeep_hub.companies.enums import CompanyKind, CompanyStatus, FeedKind
from seatkeep_hub.companies.errors import CompanyMoveError, CompanyStatusError
from seatkeep_hub.companies.feed import feed_append_many
from seatkeep_hub.companies.models import Company
from seatkeep_hub.companies.selectors import company_ancestors, company_subtree
from seatkeep_hub.companies.services import company_move, tree_lock
from seatkeep_hub.licensing import pool, rules
from seatkeep_hub.licensing.enums import LicenseKind, NodeKind
from seatkeep_hub.licensing.isolation import read_committed
from seatkeep_hub.licensing.models import License, PoolNode
from seatkeep_hub.licensing.transfer import seats_transfer
from seatkeep_hub.msp.errors import MoveLicenseError

DAYS_THAT_RUN = timedelta(days=3)
"""No day of any clock that runs now began longer ago."""


@dataclass(frozen=True, slots=True)
class MovingShare:
    """One customer's share that cannot stay with its license.

    Attributes:
        agreement: What was agreed; None where seats are in use without.
        license: Where it goes; None when the new MSP has no license for it.
        used: Seats in use.
        grows_to: Units that the new license is raised to for what is promised; None when it need not.
        missing: Seats for which the new license has no room, because it has a limit.
    """

    node: PoolNode
    agreement: Agreement | None
    license: License | None
    used: int
    grows_to: int | None = None
    missing: int = 0


@dataclass(frozen=True, slots=True)
class MovePlan:
    """What a move would do.

    Attributes:
        companies: How many companies move, the company itself included.
        stays: Shares that stay with their license, because its owner stands above both places.
        shares: Shares that go over to another license.
        refusal: Why it cannot be done, as a code; empty when it can.
    """

    company: Company
    target: Company
    companies: int
    stays: int
    shares: list[MovingShare] = field(default_factory=list)
    refusal: str = ""

    @property
    def seats(self) -> int:
        """Seats in use that go over to another license."""
        return sum(share.used for share in self.shares)


def move_plan(*, company: Company, target: Company, license: License | None = None) -> MovePlan:
    """Say what a move would do, and what stands in its way; writes nothing.

    Args:
        company: What moves; with it everything below.
        target: Its new parent; the caller looked up that both may be changed.
        license: License of the new MSP, where several could be meant.
    """
    nodes = list(_nodes(company))
    leaving = [node for node in nodes if _must_leave(node, company, target)]
    agreements = {one.node_id: one for one in Agreement.objects.filter(node__in=leaving, closed_at=None)}
    offers = _offers(target, license)
    shares = [_share(node, agreements.get(node.pk), offers) for node in leaving if node.used or node.pk in agreements]
    plan = MovePlan(
        company=company,
        target=target,
        companies=company_subtree(company).exclude(status=CompanyStatus.REMOVED).count(),
        stays=sum(1 for node in nodes if node not in leaving and node.closed_at is None),
        shares=shares,
    )
    return MovePlan(company, target, plan.companies, plan.stays, shares, _refusal(plan, offers))


def company_transfer(
    *, actor: Actor, company: Company, target: Company, now: datetime, license: License | None = None
) -> Company:
    """Hang a company under another parent, and what it shares under a license of the new MSP, in one transaction.

    The same terms are agreed anew, the old agreements close, seats in use go over. Idempotent: a company that stands
    there already is left alone.

    Args:
        actor: Who does it; that they may change both parents is the caller's look-up.
        company: A customer, or another company with everything below it.
        target: The new parent.
        now: Current time, aware UTC.
        license: License of the new MSP, where several could be meant.

    Returns:
        The company, as it stands now.

    Raises:
        CompanyMoveError: `reason` is `cycle`, `kind` or `other_manager`.
        CompanyDepthError: The tree would be deeper than twelve levels.
        CompanyNameTakenError: A new sibling has its name.
        CompanyStatusError: It, or the new parent, is suspended or removed.
        MoveLicenseError: The new MSP has no license for a product (`move_no_license`), or several
            (`move_choose_license`).
        NoRoomError: Its license has a limit and too few free seats.
    """
    with read_committed():
        tree_lock(is_exclusive=True)
        company, target = Company.objects.get(pk=company.pk), Company.objects.get(pk=target.pk)
        if company.parent_id == target.pk:
            return company
        _place_check(company, target)
        _days_close(company, now)
        leaving, old_paths = _locked(company, target, license)
        moved = company_move(actor=actor, company=company, parent=target, now=now)
        feed_append_many(kind=FeedKind.NODE, items=old_paths, now=now, is_deleted=True)
        pool.nodes_feed([node.pk for node in _nodes(moved)], now)
        offers = _offers(moved, license)
        seats = sum(_share_move(node, offers, actor, now) for node in leaving)
        _record(moved, actor, now, shares=len(leaving), seats=seats)
    return moved


def _place_check(company: Company, target: Company) -> None:
    if company.status != CompanyStatus.ACTIVE:
        raise CompanyStatusError
    fault = company_rules.move_fault(
        path=company.path, kind=company.kind, height=1, parent_path=target.path, parent_kind=target.kind
    )
    if fault in {"cycle", "kind"}:
        raise CompanyMoveError(reason=fault)
    if _manager_of(company.parent) != _manager_of(target):
        raise CompanyMoveError(reason="other_manager")


def _manager_of(parent: Company | None) -> int | None:
    """Whose customers the children of a company are: the nearest MSP manager from it upward, else the distributor."""
    if parent is None:
        return None
    line = [parent, *reversed(company_ancestors(parent))]
    for kinds in ((CompanyKind.MSP_MANAGER,), (CompanyKind.DISTRIBUTOR, CompanyKind.VENDOR)):
        found = next((one.pk for one in line if one.kind in kinds), None)
        if found is not None:
            return found
    return None


def _days_close(company: Company, now: datetime) -> None:
    """Count what was bought where it stood until yesterday; the days that run are the new MSP's."""
    last = UsageRun.objects.first()
    first_node = _nodes(company).aggregate(first=Min("created_at"))["first"]
    if first_node is None:
        return
    since = last.ran_at if last else first_node
    usage_recount(company=company, first=(since - DAYS_THAT_RUN).date(), now=now)
    rows = UsageDay.objects.filter(node__in=_nodes(company), day__gte=(now - DAYS_THAT_RUN).date())
    running = [
        row.pk for row in rows.select_related("seller", "buyer") if row.day >= Clocks(row.seller, row.buyer).day_at(now)
    ]
    UsageDay.objects.filter(pk__in=running, day__gte=(now - DAYS_THAT_RUN).date()).delete()


def _locked(
    company: Company, target: Company, license: License | None
) -> tuple[list[PoolNode], list[tuple[UUID, list[int]]]]:
    """Lock every node of the company and the roots above on both sides, by id.

    Returns:
        Nodes that must go over to another license, and uid and present company path of all that are seen from above.
    """
    offers = [one.pk for one in _offers(target, license)]
    own = list(_nodes(company).values_list("pk", "license_id"))
    licenses = {license_id for _, license_id in own} | set(offers)
    roots = PoolNode.objects.filter(license__in=licenses, kind=NodeKind.ROOT).values_list("pk", flat=True)
    locked = PoolNode.objects.select_for_update(of=("self",)).filter(pk__in=[*(pk for pk, _ in own), *roots])
    nodes = {node.pk: node for node in locked.select_related("company", "license__owner", "product").order_by("id")}
    list(License.objects.select_for_update(of=("self",)).filter(pk__in=licenses).order_by("id"))
    mine = [nodes[pk] for pk, _ in own]
    return [node for node in mine if _must_leave(node, company, target)], [
        (node.uid, list(node.company.path)) for node in mine
    ]


def _share_move(node: PoolNode, offers: Sequence[License], actor: Actor, now: datetime) -> int:
    """Agree the same with the new license, let the seats go over, close the old share. Returns the seats."""
    agreement = Agreement.objects.filter(node=node, closed_at=None).select_related("license", "company").first()
    if agreement is None and not node.used:
        return 0
    license = _license_for(node, offers)
    license, nodes = pool.license_lock_for(license, [node.company_id])
    made = agreement_write(
        license,
        nodes,
        actor=actor,
        company=node.company,
        product_code=node.product.code,
        terms=_terms(agreement),
        now=now,
        note="moved",
    )
    license_cover(license, nodes, actor, now, "moved")
    sites = list(PoolNode.objects.filter(parent=node, closed_at=None).order_by("id"))
    moved = sum(seats_transfer(source=one, target=made.node, actor=actor, now=now) for one in [*sites, node])
    PoolNode.objects.filter(pk__in=[site.pk for site in sites]).update(closed_at=now)
    if agreement is not None:
        agreement_close_locked(actor=actor, agreement=agreement, nodes=_above(node), now=now)
    else:
        PoolNode.objects.filter(pk=node.pk).update(closed_at=now)
    return moved


def _above(node: PoolNode) -> list[PoolNode]:
    return list(PoolNode.objects.filter(pk__in=node.path).select_related("company"))


def _terms(agreement: Agreement | None) -> Terms:
    if agreement is None:
        return Terms(AgreementMode.FLEXIBLE.value)
    return Terms(agreement.mode, agreement.quantity, agreement.on_exceed, agreement.warn_above, agreement.stop_above)


def _nodes(company: Company) -> QuerySet[PoolNode]:
    """Shares of the company and of what is below it, open and closed."""
    found = PoolNode.objects.filter(company__path__contains=[company.pk]).exclude(kind=NodeKind.ROOT)
    return found.select_related("company", "license__owner", "product").order_by("id")


def _must_leave(node: PoolNode, company: Company, target: Company) -> bool:
    """Whether the share's license is neither the moving companies' own nor of somebody above both places.

    Sites go with their customer's share.
    """
    owner = node.license.owner
    is_open_share = node.kind == NodeKind.CUSTOMER and node.closed_at is None
    return is_open_share and company.pk not in owner.path and owner.pk not in target.path


def _offers(target: Company, license: License | None) -> list[License]:
    """MSP licenses that a company at `target` could share."""
    found = License.objects.filter(
        owner_id__in=target.path, kind=LicenseKind.MSP, cancelled_at=None, suspended_at=None, frozen_at=None
    )
    found = found.select_related("owner", "bundle").prefetch_related("bundle__lines__product").order_by("id")
    return [one for one in found if license is None or one.pk == license.pk]


def _matching(node: PoolNode, offers: Iterable[License]) -> list[License]:
    """Those that hold the product; where one is of the same bundle, that one alone."""
    fit = [one for one in offers if any(line.product_id == node.product_id for line in one.bundle.lines.all())]
    same = [one for one in fit if one.bundle_id == node.license.bundle_id]
    return same if len(same) == 1 else fit


def _license_for(node: PoolNode, offers: Sequence[License]) -> License:
    fit = _matching(node, offers)
    if len(fit) != 1:
        raise MoveLicenseError(
            code="move_choose_license" if fit else "move_no_license",
            product=node.product.code,
            licenses=[one.public_id for one in fit],
        )
    return fit[0]


def _share(node: PoolNode, agreement: Agreement | None, offers: Sequence[License]) -> MovingShare:
    fit = _matching(node, offers)
    license = fit[0] if len(fit) == 1 else None
    if license is None:
        return MovingShare(node, agreement, None, node.used)
    ratio = next(line.ratio for line in license.bundle.lines.all() if line.product_id == node.product_id)
    root = PoolNode.objects.get(license=license, product=node.product, kind=NodeKind.ROOT)
    promised = agreement.quantity if agreement else 0
    units = rules.units_for(root.used + root.outstanding + promised, ratio)
    grows_to = units if promised and units > license.quantity else None
    limit = root.hard_limit
    if limit is not None and grows_to:
        limit = max(limit, rules.ordered_of(grows_to, ratio))
    free = None if limit is None else max(limit - root.used - root.outstanding, 0)
    missing = 0 if free is None else max(node.used - free, 0)
    return MovingShare(node, agreement, license, node.used, grows_to, missing)


def _refusal(plan: MovePlan, offers: Sequence[License]) -> str:
    try:
        _place_check(plan.company, plan.target)
    except CompanyMoveError as error:
        return f"move_{error.extra['reason']}"
    except CompanyStatusError as error:
        return error.error_code
    if any(share.license is None for share in plan.shares):
        without = next(share for share in plan.shares if share.license is None)
        return "move_choose_license" if _matching(without.node, offers) else "move_no_license"
    return "move_no_room" if any(share.missing for share in plan.shares) else ""


def _record(company: Company, actor: Actor, now: datetime, *, shares: int, seats: int) -> None:
    if shares:
        audit_record(
            actor=actor,
            action="company:transfer",
            subject_type="company",
            subject_id=str(company.uid),
            company_uid=company.uid,
            details={"rows": shares, "seats": seats},
            now=now,
        )
