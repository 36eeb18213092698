"""The cast: Alice owns the instance, Bob works for customer Alpha, Rita may look at Alpha, Charlie sees nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from seatkeep_manager.customers.models import CustomerTemplate, SetupJob
from seatkeep_manager.customers.plans import plan_of
from seatkeep_manager.customers.set_up_jobs import setup_cancel, setup_order
from seatkeep_manager.customers.templates import template_create as customer_template_create
from seatkeep_manager.detections.models import Detection, QuarantineItem
from seatkeep_manager.directory.enums import AccessLevel, DeviceKind, GroupKind
from seatkeep_manager.directory.models import Device, InventorySnapshot, PermissionSet, StaticGroup, User, UserAccess
from seatkeep_manager.directory.selectors import group_system
from seatkeep_manager.directory.services import device_create
from seatkeep_manager.enrollment.models import EnrollmentRequest, EnrollmentToken, InstallProgress
from seatkeep_manager.enrollment.services import install_link_create
from seatkeep_manager.grouping.models import DynamicGroup, GroupTemplate
from seatkeep_manager.grouping.services import dynamic_group_create, template_create
from seatkeep_manager.hublink.adapters.messages import item_decode
from seatkeep_manager.hublink.enums import LinkState, SyncKind, SyncTrigger
from seatkeep_manager.hublink.mirror import item_apply
from seatkeep_manager.hublink.models import HubLink, MirroredCompany, MirroredLicense, SyncRun
from seatkeep_manager.policies.enums import PolicyProduct
from seatkeep_manager.policies.models import Policy, PolicyAssignment
from seatkeep_manager.policies.services import policy_assign_group, policy_create
from seatkeep_manager.problems.models import Problem
from seatkeep_manager.rights.api_clients import token_create
from seatkeep_manager.rights.inviting import invitation_create
from seatkeep_manager.rights.models import ApiToken, Invitation
from seatkeep_manager.tasks.models import ClientTask, ServerTask, SoftwarePackage, TaskRun
from seatkeep_manager.tasks.services import task_create
from seatkeep_webkit.actors import Actor

ACTOR = Actor.system("test")


@dataclass
class Cast:
    """People, companies and one of everything at customer Alpha; Beta is somebody else's."""

    alice: User
    bob: User
    rita: User
    charlie: User
    msp: MirroredCompany
    alpha: MirroredCompany
    beta: MirroredCompany
    device: Device
    foreign: Device
    detection: Detection
    item: QuarantineItem
    task: ClientTask
    policy: Policy
    assignment: PolicyAssignment
    token: EnrollmentToken
    waiting: EnrollmentRequest
    problem: Problem
    license: MirroredLicense
    group: StaticGroup
    group_template: GroupTemplate
    dynamic_group: DynamicGroup
    run: TaskRun
    package: SoftwarePackage
    rule: ServerTask
    api_token: ApiToken
    permission_set: PermissionSet
    invitation: Invitation
    template: CustomerTemplate
    setup: SetupJob
    sync_run: SyncRun


def cast_make(now: datetime) -> Cast:
    """Make the cast in the database."""
    sync_run = link_make(now)
    msp_id, alpha_id, beta_id, license_id = uuid4(), uuid4(), uuid4(), uuid4()
    msp = company(msp_id, "Northwind IT", now, company_kind="MSP")
    alpha = company(alpha_id, "Alpha Dental", now, parent=msp_id, tags=["gold"], custom_identifier="C-1001")
    beta = company(beta_id, "Beta Bakery", now, parent=msp_id)
    lic = license_make(license_id, alpha_id, beta_id, now)
    device = device_make(alpha, "reception-01", now)
    foreign = device_make(beta, "oven-pc", now)
    detection, item = finding_make(device, now)
    policy = policy_create(
        actor=ACTOR, name="Nightly scan", product=PolicyProduct.ENDPOINT, company_hub_id=alpha_id, now=now,
        settings={
            "scan.schedule": {"flag": "FORCE", "value": "0 2 * * *"},
            "scan.exclusions": {"flag": "APPLY", "value": ["/srv/db/**"], "mode": "APPEND"},
        },
    )  # fmt: skip
    assert alpha.group
    assignment = policy_assign_group(actor=ACTOR, policy_id=policy.pk, group_id=alpha.group.pk, now=now)
    token = install_link_create(actor=ACTOR, user=None, group=alpha.group, now=now)
    progress_make(token, now)
    task = task_create(actor=ACTOR, kind="SCAN", params={"targets": ["/home"]}, device_ids=[device.pk], now=now)
    group_template, dynamic_group = dynamic_make(alpha, now)
    alice = person("alice@northwind.example", "Alice Owner", level="WRITE")
    template, setup = setup_make(alice, alpha, now)
    return Cast(
        alice=alice,
        bob=person("bob@northwind.example", "Bob Tech", company=alpha_id, level=AccessLevel.WRITE),
        rita=person("rita@alpha.example", "Rita Reader", company=alpha_id, level=AccessLevel.READ),
        charlie=person("charlie@else.example", "Charlie Stranger"),
        msp=msp, alpha=alpha, beta=beta, device=device, foreign=foreign, detection=detection, item=item, task=task,
        policy=policy, assignment=assignment, token=token, waiting=waiting_make(token, now),
        problem=problem_make(device, now), license=lic, group=alpha.group,
        group_template=group_template, dynamic_group=dynamic_group, run=task.runs.get(),
        package=SoftwarePackage.objects.create(
            name="Viewer", format="DEB", url="https://x.example/v.deb", sha256="0" * 64, created_at=now
        ),
        rule=ServerTask.objects.create(
            kind="RENAME", params={"pattern": "{hostname}"}, group=alpha.group, created_at=now
        ),
        api_token=token_create(
            actor=ACTOR, name="RMM", group=group_system(GroupKind.ROOT), role="READ_ONLY", now=now
        )[0],
        permission_set=PermissionSet.objects.create(name="Scanners", levels={"CLIENT_TASKS": "USE"}, created_at=now),
        invitation=invitation_create(
            actor=ACTOR, email="new@alpha.example", group=alpha.group, role="HELP_DESK", now=now
        ).invitation,
        template=template, setup=setup, sync_run=sync_run,
    )  # fmt: skip


def setup_make(user: User, customer: MirroredCompany, now: datetime) -> tuple[CustomerTemplate, SetupJob]:
    """A template, and an order to set a customer up with it that was stopped."""
    template = customer_template_create(
        actor=ACTOR, name="Practices", groups=["Reception"], policy_ids=[], daily_cap=50, tags=["practice"], now=now
    )
    job = setup_order(actor=ACTOR, user=user, plan=plan_of(template), company_uids=[customer.uid], now=now)
    return template, setup_cancel(actor=ACTOR, job_id=job.pk, now=now)


def dynamic_make(customer: MirroredCompany, now: datetime) -> tuple[GroupTemplate, DynamicGroup]:
    """A customer's own template, and a group that uses it."""
    assert customer.group
    rule = {"symbol": "software.name", "operator": "CONTAINS", "value": "dental"}
    template = template_create(
        actor=ACTOR, name="Dental software", operation="AND", conditions=[rule], company_hub_id=customer.hub_id, now=now
    )
    made = dynamic_group_create(
        actor=ACTOR, name="Practice", template_id=template.pk, anchor_id=customer.group.pk, now=now
    )
    return template, made


def person(email: str, name: str, *, company: UUID | None = None, level: Any = None, **fields: Any) -> User:
    """A person, with access to one company, or with a level alone to the whole instance."""
    user: User = User.objects.create_user(email, name=name, **fields)
    if level:
        UserAccess.objects.create(user=user, company_hub_id=company, level=level)
    return user


def link_make(now: datetime) -> SyncRun:
    """A link that stands, and one synchronization."""
    HubLink.objects.create(
        state=LinkState.LINKED, instance_id=uuid4(), company_id=uuid4(), company_name="Northwind IT", linked_at=now,
        last_synced_at=now, last_full_at=now, cursor="3", feed="f1",
    )  # fmt: skip
    return SyncRun.objects.create(
        kind=SyncKind.FULL, trigger=SyncTrigger.START, state="DONE", started_at=now, finished_at=now, done=6, added=6,
        item_errors=[{"kind": "company", "id": "x", "name": "", "reason": "The company has no name."}],
    )  # fmt: skip


def company(hub_id: UUID, name: str, now: datetime, *, parent: UUID | None = None, **fields: Any) -> MirroredCompany:
    """A mirrored company, taken over as the feed would bring it."""
    import json

    raw = {"kind": "company", "id": str(hub_id), "name": name, "parent_id": str(parent) if parent else None,
           "company_kind": "CUSTOMER", "state": "ACTIVE"} | fields  # fmt: skip
    item_apply(item_decode(json.dumps(raw).encode()), run_id=1, now=now)
    return MirroredCompany.objects.select_related("group").get(hub_id=hub_id)


def license_make(hub_id: UUID, alpha: UUID, beta: UUID, now: datetime) -> MirroredLicense:
    """A license that both customers share."""
    from seatkeep_manager.hublink.models import MirroredNode

    for company_id, used in ((alpha, 7), (beta, 12)):
        MirroredNode.objects.create(
            hub_id=uuid4(), license_hub_id=hub_id, company_hub_id=company_id, product="endpoint", used=used, agreed=10,
            agreement_mode="FIXED", agreement_public_id="K7M-2PQ-9RT", changed_at=now,
        )  # fmt: skip
    MirroredNode.objects.create(
        hub_id=uuid4(), license_hub_id=hub_id, company_hub_id=alpha, product="endpoint-workstation", changed_at=now
    )
    return MirroredLicense.objects.create(
        hub_id=hub_id, public_id="3AB-7QX-PM2", kind="MSP", state="OK", quantity=25, bundle_code="complete",
        bundle_name="Endpoint Complete", changed_at=now,
        products=[{"code": "endpoint", "name": "Endpoint Security", "category": "workstation", "limit": 25}],
    )  # fmt: skip


def device_make(customer: MirroredCompany, hostname: str, now: datetime, **fields: Any) -> Device:
    """A computer of a customer with an inventory."""
    assert customer.group
    device = device_create(
        actor=ACTOR, group_id=customer.group.pk, hostname=hostname, kind=DeviceKind.WORKSTATION, now=now
    )
    values = {
        "os_name": "Debian GNU/Linux", "os_version": "13", "architecture": "x86_64", "agent_version": "0.1.0",
        "protection": "PROTECTED", "serial": f"SN-{device.pk}", "last_seen_at": now,
        "online_until": now + timedelta(days=3650), "ip_addresses": ["10.0.0.12"],
        "lease": {"state": "ACTIVE", "license": "3AB-7QX-PM2", "product": "endpoint"},
    } | fields  # fmt: skip
    for name, value in values.items():
        setattr(device, name, value)
    device.save()
    InventorySnapshot.objects.create(
        device=device, spool="s", seq=1, at_us=1, taken_at=now, received_at=now, hardware={"cpu": "AMD Ryzen 5"},
        os={"name": "Debian"}, software=[{"name": "openssl", "version": "3.5.1"}],
    )  # fmt: skip
    return device


def finding_make(device: Device, now: datetime) -> tuple[Detection, QuarantineItem]:
    """A detection with its file in quarantine."""
    detection = Detection.objects.create(
        uid=uuid4(), device=device, name="EICAR-Test-File", severity="CRITICAL", engine="yara", is_test=True,
        path="/home/reception/Downloads/invoice.com", sha256="27" * 32, occurred_at=now, received_at=now,
    )  # fmt: skip
    item = QuarantineItem.objects.create(
        device=device, item_uid=uuid4(), detection=detection, path=detection.path, sha256=detection.sha256,
        size_bytes=68, name=detection.name, quarantined_at=now, changed_at=now,
    )  # fmt: skip
    return detection, item


def progress_make(token: EnrollmentToken, now: datetime) -> None:
    """One installation that got as far as enrolled."""
    install_id = uuid4()
    for seconds, step in enumerate(("downloaded", "installed", "enrolled")):
        InstallProgress.objects.create(
            token=token, install_id=install_id, step=step, is_ok=True, at=now + timedelta(seconds=seconds)
        )


def waiting_make(token: EnrollmentToken, now: datetime) -> EnrollmentRequest:
    """A computer that waits for approval."""
    return EnrollmentRequest.objects.create(
        token=token, group=token.group, company_hub_id=token.company_hub_id, agent_thumbprint=uuid4().hex,
        reason="TOKEN_USED_UP", hostname="kiosk-7", kind="WORKSTATION", ip="192.0.2.7", first_asked_at=now,
        last_asked_at=now,
        details={"columns": {"nkey": "UX", "os_name": "Debian"}},
    )  # fmt: skip


def problem_make(device: Device, now: datetime) -> Problem:
    """An open detection as a problem."""
    return Problem.objects.create(
        kind="open_detection", severity="RED", subject=f"device:{device.uid}", device=device,
        company_hub_id=device.company_hub_id, details={"name": "EICAR-Test-File"}, since=now,
    )  # fmt: skip


NOW = datetime.now(UTC)
