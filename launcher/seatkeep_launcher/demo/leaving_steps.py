"""The steps of a customer that leaves and comes back."""

from __future__ import annotations

from seatkeep_launcher.demo.console_steps import customer_address, installer_run, set_up
from seatkeep_launcher.demo.device import device_processes
from seatkeep_launcher.demo.scene import CUSTOMERS, Scene, ask, rows
from seatkeep_launcher.demo.steps import StepError, wait_for

LEAVER = CUSTOMERS[2]
WAITING_FOR_APPROVAL = 10
"""Exit code of the installer (docs/how-to/install-linux-agents.md)."""


def leaver_computer(scene: Scene) -> str:
    """The third customer is set up and gets a computer: a second root on this machine, with a machine id of its own."""
    return f"{LEAVER}: {install(scene)}"


def install(scene: Scene, code: int = 0) -> str:
    """Set the customer up and run the installer's command, which must end with `code`; returns its last line."""
    installer = set_up(scene, LEAVER, groups="Office")
    return installer_run(scene, installer, scene.leaver_root, code=code, SEATKEEP_MACHINE_ID=scene.machine_id)


def leaves(scene: Scene) -> str:
    """One verb in the console: seats released, the agent retired by a signed order, the customer archived."""
    browser = scene.technician
    page = browser.get(f"{customer_address(scene, LEAVER)}offboard/")
    browser.submit(page.form("last_day", "protect_until", "name"), name=LEAVER)
    seconds = wait_for(lambda: is_archived(scene) and has_left(scene), "the end of the off-boarding", seconds=60)
    wait_for(lambda: not active_seats(scene), "the release of the seat", seconds=15)
    wait_for(lambda: not device_processes(scene.leaver_root), "the end of the retired agent", seconds=30)
    return f"{LEAVER} archived after {seconds:.1f} s, no seat in use, its agent has ended"


def returns(scene: Scene) -> str:
    """Restored, not recreated: the same customer and computer; the agent comes back by installer and approval.

    The retired agent is gone with its key, and a new key may not take over a computer that was just seen: a person
    approves it.
    """
    browser = scene.technician
    page = browser.get(f"{customer_address(scene, LEAVER)}return/")
    browser.submit(page.form("confirmed"))
    wait_for(lambda: not is_archived(scene), "the customer's return", seconds=30)
    known = computers(scene)
    if len(known) != 1:
        raise StepError(f"{len(known)} computers came back instead of 1")
    install(scene, code=WAITING_FOR_APPROVAL)
    waiting = browser.get(f"{scene.manager}/approvals/")
    browser.submit(ask(browser, waiting, f"{scene.manager}/approvals/approve/").form("group"))
    wait_for(lambda: len(active_seats(scene)) == 1, "the seat in Licensing", seconds=30)
    if len(computers(scene)) != 1:
        raise StepError("the computer was recreated instead of restored")
    return f"{LEAVER} is back with its computer and history; its agent was approved"


def is_archived(scene: Scene) -> bool:
    """Whether the console shows the leaver among those that left."""
    left = rows(scene.technician, f"{scene.manager}/customers/?state=UNLINKED")
    return any(row["Customer"] == LEAVER for row in left)


def has_left(scene: Scene) -> bool:
    """Whether the leaver's page says that its off-boarding is done."""
    return "Off-boarding Done" in scene.technician.get(customer_address(scene, LEAVER)).text


def computers(scene: Scene) -> list[dict[str, str]]:
    """The leaver's computers in the console."""
    return [row for row in rows(scene.technician, f"{scene.manager}/computers/") if row["Group"] in {LEAVER, "Office"}]


def active_seats(scene: Scene) -> list[dict[str, str]]:
    """The leaver's seats in use, as Licensing lists them."""
    found = rows(scene.owner, f"{scene.licensing}/seats/?state=ACTIVE")
    return [row for row in found if row["Customer"] == LEAVER]
