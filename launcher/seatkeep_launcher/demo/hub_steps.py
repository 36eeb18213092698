"""The steps in Licensing: first run, customers, people."""

from __future__ import annotations

import re
import uuid
from typing import Any

from seatkeep_launcher.demo.browser import Browser, PageError
from seatkeep_launcher.demo.scene import (
    COMPANY,
    CUSTOMERS,
    OWNER,
    SECURITY_ADMIN,
    TECHNICIAN,
    TIME_ZONE,
    Scene,
    sign_in,
    walk,
)
from seatkeep_launcher.demo.steps import StepError, wait_for
from seatkeep_launcher.setup_link import setup_link

LINK = re.compile(r"https?://\S+/invite/\S+")


def first_run(scene: Scene) -> str:
    """The owner opens the one-time link and goes through the wizard."""
    link = setup_link(scene.installation)
    if link is None:
        raise StepError("the set-up link does not open")
    password = scene.password(OWNER)
    answers = {
        "name": "Nora Nord", "email": OWNER, "password": password, "again": password, "later": "on",
        "company": COMPANY, "time_zone": TIME_ZONE, "public_address": scene.licensing,
    }  # fmt: skip
    page = walk(scene.owner, scene.owner.get(link), answers, lambda page: "/kit/" in page.address)
    kit = scene.owner.download(page.form_to("/kit/"))
    (scene.folder / "recovery-kit.zip").write_bytes(kit)
    (scene.folder / "recovery-kit.zip").chmod(0o600)
    return f"{COMPANY}: company, license, console and recovery kit"


def owner_signs_in(scene: Scene) -> str:
    """The owner's session in Licensing."""
    sign_in(scene.owner, f"{scene.licensing}/", OWNER, scene.password(OWNER))
    return OWNER


def customers_create(scene: Scene) -> str:
    """Three customers by the API, as an import would."""
    companies = scene.owner.api("GET", f"{scene.licensing}/api/v1/companies")["items"]
    own = next(one for one in companies if one["name"] == COMPANY)
    known = {one["name"] for one in companies}
    for name in CUSTOMERS:
        if name not in known:
            body = {"parent_id": own["id"], "kind": "CUSTOMER", "name": name}
            scene.owner.api("POST", f"{scene.licensing}/api/v1/companies", body, key=str(uuid.uuid4()))
    scene.steps.note(company=own["id"])
    return ", ".join(CUSTOMERS)


def license_show(scene: Scene) -> str:
    """The license that the first run ordered, shared by the customers."""
    licenses: list[dict[str, Any]] = scene.owner.api("GET", f"{scene.licensing}/api/v1/licenses")["items"]
    if not licenses:
        raise StepError("there is no license")
    first = licenses[0]
    scene.steps.note(license=str(first["public_id"]))
    return f"{first['public_id']}, {first['quantity']} seats, shared by all customers"


def agreements_make(scene: Scene) -> str:
    """One agreement per customer and product: the first is promised five seats, the others pay for what is in use."""
    licenses: list[dict[str, Any]] = scene.owner.api("GET", f"{scene.licensing}/api/v1/licenses")["items"]
    companies = scene.owner.api("GET", f"{scene.licensing}/api/v1/companies")["items"]
    for company in companies:
        if company["name"] not in CUSTOMERS:
            continue
        terms = {"mode": "FIXED", "quantity": 5} if company["name"] == CUSTOMERS[0] else {"mode": "FLEXIBLE"}
        for product in licenses[0]["products"]:
            body = {
                "company_id": company["id"], "license_id": licenses[0]["id"], "product": product["code"], **terms,
            }  # fmt: skip
            scene.owner.api("POST", f"{scene.licensing}/api/v1/agreements", body, key=str(uuid.uuid4()))
    return f"{CUSTOMERS[0]} fixed at 5, the others flexible"


def technician_joins(scene: Scene) -> str:
    """The owner invites a technician, who follows the link in the mail."""
    body = {"company_id": scene.steps.fact("company"), "email": TECHNICIAN, "level": "WRITE", "role": "TECHNICIAN"}
    scene.owner.api("POST", f"{scene.licensing}/api/v1/invitations", body, key=str(uuid.uuid4()))
    _join(scene, scene.technician, TECHNICIAN, "Tilda Tech")
    return f"{TECHNICIAN} followed the link in the mail"


def security_admin_joins(scene: Scene) -> str:
    """The license owner invites a Security Admin, who accepts."""
    body = {"company_id": scene.steps.fact("company"), "email": SECURITY_ADMIN}
    scene.owner.api("POST", f"{scene.licensing}/api/v1/security-admins", body, key=str(uuid.uuid4()))
    with Browser() as browser:
        _join(scene, browser, SECURITY_ADMIN, "Ada Admin")
    return f"{SECURITY_ADMIN} accepted"


def _join(scene: Scene, browser: Browser, email: str, name: str) -> None:
    wait_for(lambda: bool(scene.sink.messages_to(email)), f"the mail to {email}")
    body = scene.sink.messages_to(email)[-1].get_body(("plain",))
    found = LINK.search(body.get_content()) if body else None
    if found is None:
        raise PageError(f"the mail to {email} has no link")
    password = scene.password(email)
    page = browser.get(found[0])
    browser.submit(page.form("name", "password", "again"), name=name, password=password, again=password)
