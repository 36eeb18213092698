"""The cast of these tests: fixed keys, ids and times, and one document of each type."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from seatkeep_license.keys import KeySet, SigningKey
from seatkeep_protocol.documents import (
    ChainLink,
    DeviceDocument,
    DocumentTask,
    GroupDocument,
    KeysDocument,
    LicenseAssignment,
    audience_of_company,
    audience_of_device,
    audience_of_instance,
)
from seatkeep_protocol.policy import ChainNode, NodeKind, Policy, PolicySetting
from seatkeep_protocol.subjects import KEYS_KEY, device_key, group_key
from seatkeep_protocol.tasks import TaskKind

ROOT_KEY = SigningKey(bytes(range(10, 42)))
STATE_KEY = SigningKey(bytes(range(11, 43)))
AGENT_KEY = SigningKey(bytes(range(12, 44)))
MALLORY_KEY = SigningKey(bytes(range(13, 45)))
STATE_KEYS = KeySet([STATE_KEY.verify_key])

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
NOW_US = 1_795_316_400_000_000

INSTANCE = "019abcde000070008000000000000001"
COMPANY = "019abcde000070008000000000000002"
GROUP = "019abcde000070008000000000000003"
DEVICE = "019abcde000070008000000000000004"
OTHER = "019abcde0000700080000000000000ff"
ALL = "019abcde000070008000000000000005"

POLICY = Policy(
    policy="019abcde000070008000000000000006",
    name="Scan at noon",
    product="endpoint",
    settings={"scan.schedule": PolicySetting("0 12 * * *"), "scan.exclusions": PolicySetting(["/srv/build"])},
)

KEYS_DOCUMENT = KeysDocument(
    instance=INSTANCE,
    key=KEYS_KEY,
    audience=audience_of_instance(INSTANCE),
    version=NOW_US,
    issued_at_us=NOW_US,
    state_keys=[STATE_KEY.verify_key.jwk],
)

GROUP_DOCUMENT = GroupDocument(
    instance=INSTANCE,
    key=group_key(COMPANY, GROUP),
    audience=audience_of_company(COMPANY),
    version=NOW_US,
    issued_at_us=NOW_US,
    group=GROUP,
    nodes=(
        ChainNode(kind=NodeKind.STATIC, node=ALL, name="All"),
        ChainNode(kind=NodeKind.STATIC, node=GROUP, name="Bakery", policies=(POLICY,)),
    ),
)

DEVICE_DOCUMENT = DeviceDocument(
    instance=INSTANCE,
    key=device_key(DEVICE),
    audience=audience_of_device(DEVICE),
    version=NOW_US,
    issued_at_us=NOW_US,
    device=DEVICE,
    name="reception-1",
    company=COMPANY,
    group=GROUP,
    restore_id="first",
    chain=(ChainLink(KEYS_KEY, NOW_US), ChainLink(group_key(COMPANY, GROUP), NOW_US)),
    tasks=(
        DocumentTask(
            run=uuid.UUID("019abcde-0000-7000-8000-000000000007"),
            task=uuid.UUID("019abcde-0000-7000-8000-000000000008"),
            kind=TaskKind.SCAN,
            params={"targets": ["/srv"]},
            issued_at_us=NOW_US,
            expires_at_us=NOW_US + 1,
        ),
    ),
    license=LicenseAssignment(
        public_id="3A7-QXC-2M9", product="endpoint-workstation", licensing_url="https://licensing.example.com"
    ),
)
