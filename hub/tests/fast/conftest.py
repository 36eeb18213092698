"""A license, two customers, an instance and the fast path on a real database.

Django is imported inside the fixtures: this file is read before PostgreSQL and the settings exist.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import httpx
import pytest
from seatkeep_license.encoding import seconds_of
from seatkeep_license.keys import SigningKey
from seatkeep_license.leases import Confirmation
from seatkeep_license.requests import (
    ActivateRequest,
    Credential,
    DeviceInfo,
    ReleaseRequest,
    RenewRequest,
    activate_build,
    instance_token_build,
    release_build,
    renew_build,
)
from seatkeep_license.tickets import Ticket, ticket_sign
from seatkeep_webkit import clock
from seatkeep_webkit.actors import Actor

DEVICE_URL = "https://licensing.test:8443"
PEOPLE_URL = "http://licensing.test:8080"
WORKSTATION = "endpoint-workstation"
ACTOR = Actor.system("tests")


@pytest.fixture
def world(transactional_db: None) -> Any:
    """MSP with a license of 3 seats under BLOCK, customers with agreements, and a linked instance."""
    from seatkeep_hub.agreements.services import agreement_set
    from seatkeep_hub.companies.services import company_create
    from seatkeep_hub.instances.models import Instance
    from seatkeep_hub.licensing.catalogue import catalogue_ensure
    from seatkeep_hub.licensing.services import credential_show, license_key_show, license_order

    now = clock.now() - timedelta(seconds=5)
    catalogue_ensure()

    def company(kind: str, parent: Any, name: str) -> Any:
        return company_create(actor=ACTOR, kind=kind, name=name, parent=parent, now=now)

    vendor = company("VENDOR", None, "Vendor")
    msp = company("MSP", vendor, "Alice IT")
    stranger = company("MSP", vendor, "Charlie IT")
    contoso, fabrikam = company("CUSTOMER", msp, "Contoso"), company("CUSTOMER", msp, "Fabrikam")
    license = license_order(
        actor=ACTOR, owner=msp, bundle_code="endpoint-protection", kind="MSP", quantity=3, overuse="BLOCK", now=now
    )
    for customer in (contoso, fabrikam):
        agreement_set(
            actor=ACTOR, license=license, product_code=WORKSTATION, company=customer, mode="FLEXIBLE", now=now
        )

    def instance(owner: Any) -> Any:
        key = SigningKey.generate()
        row = Instance.objects.create(
            company=owner,
            name=f"console of {owner}",
            public_key=key.verify_key.raw,
            key_thumbprint=key.kid,
            console_url="http://console.test",
            created_at=now,
        )
        return SimpleNamespace(row=row, key=key, uid=str(row.uid))

    return SimpleNamespace(
        msp=msp,
        contoso=contoso,
        fabrikam=fabrikam,
        stranger=stranger,
        license=license,
        key=license_key_show(actor=ACTOR, license=license, now=now),
        credential=credential_show(actor=ACTOR, license=license, product_code=WORKSTATION, now=now),
        instance=instance(msp),
        foreign=instance(stranger),
    )


class Device:
    """A device with its own key that speaks the protocol."""

    def __init__(self, fingerprint: str = "") -> None:
        self.key = SigningKey.generate()
        self.fingerprint = fingerprint or uuid4().hex

    def _base(self, at: datetime | None) -> dict[str, Any]:
        return {"aud": DEVICE_URL, "iat": seconds_of(at or clock.now()), "jti": uuid4().hex}

    def activate(self, *, at: datetime | None = None, name: str = "pc", **way: Any) -> str:
        fields = {"product": WORKSTATION, "fp": self.fingerprint, "device": DeviceInfo(name=name)}
        return activate_build(ActivateRequest(**{**self._base(at), **fields, **way}), self.key)

    def by_credential(self, credential: Any) -> str:
        return self.activate(credential=Credential(username=credential.username, secret=credential.secret))

    def by_ticket(self, world: Any, *, customer: Any = None, signer: Any = None, **changes: Any) -> str:
        now, signer = clock.now(), signer or world.instance
        claims = {
            "iss": signer.uid,
            "aud": DEVICE_URL,
            "license": world.license.public_id,
            "product": WORKSTATION,
            "company": str((customer or world.contoso).uid),
            "cnf": Confirmation(jkt=self.key.kid),
            "task": uuid4().hex,
            "iat": seconds_of(now),
            "exp": seconds_of(now + timedelta(hours=1)),
            "jti": uuid4().hex,
        }
        return self.activate(ticket=ticket_sign(Ticket(**{**claims, **changes}), signer.key))

    def renew(self, seat: str, lease: str, seq: int = 1, at: datetime | None = None) -> str:
        info = DeviceInfo(name="pc")
        return renew_build(RenewRequest(**self._base(at), seat=seat, seq=seq, lease=lease, device=info), self.key)

    def release(self, seat: str) -> str:
        return release_build(ReleaseRequest(**self._base(None), seat=seat), self.key)


@pytest.fixture
def device() -> type[Device]:
    return Device


@pytest.fixture
def database_url(transactional_db: None) -> str:
    from django.db import connection
    from psycopg.conninfo import make_conninfo

    wanted = ("dbname", "user", "password", "host", "port")
    found = connection.get_connection_params()
    return make_conninfo(**{name: found[name] for name in wanted if name in found})


class Client:
    """Posts signed requests."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def post(self, verb: str, body: str | bytes) -> httpx.Response:
        headers = {"content-type": "application/jose"}
        return await self.http.post(f"/activate/v1/{verb}", content=body, headers=headers)

    async def announce(self, signer: Any, cursor: str, wait: int = 5, path: str = "") -> httpx.Response:
        target = f"/api/v1/announce?cursor={cursor}&wait_seconds={wait}"
        token = instance_token_build(
            signer.key,
            instance=signer.uid,
            audience=PEOPLE_URL,
            method="GET",
            target=path or target,
            body=b"",
            now=clock.now(),
            jti=uuid4().hex,
        )
        return await self.http.get(target, headers={"authorization": f"Bearer {token}"}, timeout=wait + 5)


@pytest.fixture
async def fast(database_url: str) -> AsyncIterator[Client]:
    from asgiref.sync import sync_to_async
    from django.db import connections
    from hub_rsgi import RsgiTransport
    from seatkeep_hub.fast.app import FastApp
    from seatkeep_hub.fast.settings import Settings

    app = FastApp(Settings(database_url=database_url, device_url=DEVICE_URL, people_url=PEOPLE_URL))
    async with httpx.AsyncClient(transport=RsgiTransport(app), base_url="http://fast") as http:
        yield Client(http)
    await app.stop()
    await sync_to_async(connections.close_all)()  # The thread of the tests' own writes.
