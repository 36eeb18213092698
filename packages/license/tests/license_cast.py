"""The cast of these tests: fixed keys, fixed times, one lease, one ticket, one request of each kind."""

from __future__ import annotations

from datetime import UTC, datetime

from seatkeep_license.keys import KeySet, SigningKey
from seatkeep_license.leases import Confirmation, LapsePolicy, Lease, LeaseMode
from seatkeep_license.requests import ActivateRequest, DeviceInfo, ReleaseRequest, RenewRequest
from seatkeep_license.tickets import Ticket

HUB_KEY = SigningKey(bytes(range(32)))
INSTANCE_KEY = SigningKey(bytes(range(1, 33)))
DEVICE_KEY = SigningKey(bytes(range(2, 34)))
MALLORY_KEY = SigningKey(bytes(range(3, 35)))
HUB_KEYS = KeySet([HUB_KEY.verify_key])

HUB = "https://licensing.example.com"
CONSOLE_INSTANCE = "019abcde-0000-7000-8000-000000000001"
NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
NOW_SECONDS = 1_795_316_400
DAY = 86_400

LEASE = Lease(
    iss=HUB,
    sub="019abcde-0000-7000-8000-00000000000a",
    license="3A7-QXC-2M9",
    license_id="019abcde-0000-7000-8000-00000000000b",
    node="019abcde-0000-7000-8000-00000000000c",
    company="019abcde-0000-7000-8000-00000000000d",
    product="endpoint-workstation",
    cnf=Confirmation(DEVICE_KEY.kid),
    fp="00112233445566778899aabbccddeeff",
    seq=1,
    seat_epoch=1,
    node_epoch=1,
    iat=NOW_SECONDS,
    soft=NOW_SECONDS + 3 * DAY,
    exp=NOW_SECONDS + 30 * DAY,
    renew_after_seconds=6 * 3600,
    mode=LeaseMode.NORMAL,
    lapse=LapsePolicy.KEEP_PROTECTING,
    lapse_days=0,
    jti="019abcde-0000-7000-8000-00000000000e",
)

TICKET = Ticket(
    iss=CONSOLE_INSTANCE,
    aud=HUB,
    license="3A7-QXC-2M9",
    product="endpoint-workstation",
    company="019abcde-0000-7000-8000-00000000000d",
    cnf=Confirmation(DEVICE_KEY.kid),
    task="019abcde-0000-7000-8000-00000000000f",
    iat=NOW_SECONDS,
    exp=NOW_SECONDS + 30 * DAY,
    jti="019abcde-0000-7000-8000-000000000010",
)

ACTIVATE = ActivateRequest(
    aud=HUB,
    iat=NOW_SECONDS,
    jti="019abcde-0000-7000-8000-000000000011",
    product="endpoint-workstation",
    fp="00112233445566778899aabbccddeeff",
    device=DeviceInfo(name="reception-1", serial="C02XX", os="Debian 13"),
    license_key="65FD3-PD24S-9NSFG-5AP3N-PK7BE-0",
)

RENEW = RenewRequest(
    aud=HUB,
    iat=NOW_SECONDS,
    jti="019abcde-0000-7000-8000-000000000012",
    seat=LEASE.sub,
    seq=1,
    lease="x.y.z",
)

RELEASE = ReleaseRequest(aud=HUB, iat=NOW_SECONDS, jti="019abcde-0000-7000-8000-000000000013", seat=LEASE.sub)
