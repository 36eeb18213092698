"""The whole chain at once, for pictures: a distributor, an MSP with many customers, and who looks at them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from playwright.sync_api import Browser
from seatkeep_launcher.demo.mail_sink import MailSink
from seatkeep_launcher.ports import find_free_port

from .conftest import stack_make
from .pages import Place, places_of
from .prepared import simulation
from .walking import (
    ALLOWING,
    BAKERY,
    BLOCKING,
    DISTRIBUTOR,
    DORA,
    LAWYER,
    MANAGED,
    MANAGER,
    MSP,
    NILS,
    NORA,
    RITA,
    SAM,
    Walk,
    agree,
    create,
    distributor_set_up,
    found_key,
    invite,
    made,
    order,
    shut_out,
)

CUSTOMERS = 60
MANAGED_CUSTOMERS = 12
TRADES = ("Atelier", "Garage", "Hotel", "Kanzlei", "Praxis", "Studio", "Verlag")
STREETS = ("Birke", "Elbblick", "Lindenau", "Mühle", "Nordwind", "Rosengarten", "Sonnenhang", "am Hafen", "am Markt")
LICENSING = {
    RITA: {
        "customer": f"/companies/{{{BAKERY}}}/", "license": f"/licenses/{{{BLOCKING}}}/", "settings": "/settings/",
        "may-not": f"/companies/{{{BAKERY}}}/name/",
    },
    NILS: {"dashboard": "/", "companies": "/companies/", "licenses": "/licenses/", "usage": "/usage/"},
    SAM: {"dashboard": "/"},
}  # fmt: skip
"""What those who may little look at in Licensing; names in braces stand for ids."""

CONSOLE = {
    "problems": "/", "dashboard": "/dashboard/", "computers": "/computers/", "customers": "/customers/",
    "licenses": "/licenses/", "audit": "/audit/",
}  # fmt: skip


@contextmanager
def chain_open(browser: Browser, folder: Path) -> Iterator[Walk]:
    """A fresh installation with everybody and some computers, one of which got no seat; all ends with the block."""
    port = find_free_port()
    sink, stack = MailSink(folder / "mail", port), stack_make(SEATKEEP_SMTP_URL=f"smtp://127.0.0.1:{port}")
    walk = Walk(stack, sink, browser)
    with ExitStack() as ending:
        sink.start()
        ending.callback(sink.stop)
        stack.up()
        ending.callback(stack.down)
        ending.callback(walk.close)
        companies_make(walk)
        people_invite(walk)
        licenses_order(walk)
        console_link(walk)
        computers_start(walk, folder, ending)
        yield walk


def companies_make(walk: Walk) -> None:
    """The tree: two lines below the distributor, many customers at the ends."""
    dora = walk.person(DORA)
    distributor_set_up(walk, dora)
    dora.open(f"{walk.stack.licensing}/companies/").get_by_role("link", name=DISTRIBUTOR).first.click()
    dora.page.locator("#drawer").get_by_role("link", name="Open as a page").click()
    made(walk, dora, DISTRIBUTOR)
    for parent, kind, name in (
        (DISTRIBUTOR, "MSP_MANAGER", MANAGER), (MANAGER, "MANAGED_MSP", MANAGED), (DISTRIBUTOR, "MSP", MSP),
        (MSP, "CUSTOMER", BAKERY), (MSP, "CUSTOMER", LAWYER),
    ):  # fmt: skip
        create(walk, dora, parent, kind, name)
    names = [f"{trade} {street}" for street in STREETS for trade in TRADES]
    below = [(MSP, name) for name in names[: CUSTOMERS - 2]]
    below += [(MANAGED, f"{name} II") for name in names[:MANAGED_CUSTOMERS]]
    for parent, name in below:
        body = {"parent_id": walk.facts[parent], "kind": "CUSTOMER", "name": name}
        assert dora.api("POST", walk.api("/companies"), body)[0] == 201


def people_invite(walk: Walk) -> None:
    """The MSP's owner, two of the team who may less, and a Security Admin."""
    invite(walk, walk.person(DORA), NORA, MSP, "OWNER")
    nora = walk.join(NORA, "Nora Nord", "Accept and sign in")
    for email, name in ((RITA, "Rita Reader"), (NILS, "Nils Nothing")):
        invite(walk, nora, email, MSP, "READ_ONLY")
        walk.join(email, name, "Accept and sign in")
    shut_out(walk, nora, NILS, MSP)
    nora.open(f"{walk.stack.licensing}/security-admins/")
    nora.act("Invite a Security Admin", "Invite", email=SAM)
    nora.see(f"A mail went to {SAM}")
    walk.join(SAM, "Sam Secure", "Accept")


def licenses_order(walk: Walk) -> None:
    """One license that refuses and one that lets more run than ordered."""
    nora = walk.person(NORA)
    order(walk, nora, BLOCKING, quantity=3, overuse="BLOCK")
    order(walk, nora, ALLOWING, quantity=2, overuse="ALLOW_AND_ALERT")
    agree(walk, nora, BAKERY, BLOCKING, "Fixed 2", mode="FIXED", quantity=2)
    agree(walk, nora, LAWYER, ALLOWING, "Flexible", mode="FLEXIBLE")


def console_link(walk: Walk) -> None:
    """The Security Admin approves the console and enters it."""
    sam = walk.person(SAM)
    page = sam.open(walk.stack.console_link)
    connect = page.get_by_role("button", name="Connect to Licensing")
    connect.or_(page.get_by_role("link", name="Open Licensing")).first.wait_for()
    if connect.count():
        connect.click()
    page.get_by_role("link", name="Open Licensing").click()
    page.get_by_role("button", name="Approve").click()
    sam.see(f"belongs to {MSP} now")
    page.goto(f"{walk.stack.console}/accounts/login/")
    page.get_by_role("button", name="Sign in with Licensing").click()
    page.wait_for_url(f"{walk.stack.console}/")


def computers_start(walk: Walk, folder: Path, ending: ExitStack) -> None:
    """More computers than the licenses have seats, at two customers."""
    sam = walk.person(SAM)
    for customer, count in ((BAKERY, 4), (LAWYER, 3)):
        page = sam.open(f"{walk.customer_url(customer)}setup/")
        page.get_by_label("deployment key").check()
        page.get_by_role("button", name="Create").click()
        walk.facts[f"key of {customer}"] = found_key(page)
        fleet = ending.enter_context(simulation(walk.plan(f"key of {customer}", folder / customer)))
        fleet.start(count)


def chain_places(walk: Walk) -> Iterator[tuple[str, Place]]:
    """Who looks at what: all that a distributor and an MSP can click to, and some pages of those who may less."""
    licensing, console = walk.stack.licensing, walk.stack.console
    for email in (DORA, NORA):
        yield from ((email, place) for place in places_of(walk.person(email).page, "licensing", licensing))
    for email, pages in LICENSING.items():
        for name, path in pages.items():
            yield email, Place("licensing", name, licensing + path.format(**walk.facts))
    for name, path in CONSOLE.items():
        yield SAM, Place("console", name, console + path)
