"""The steps about seats in Licensing: listed, stopped, protected again, counted."""

from __future__ import annotations

import re

from seatkeep_launcher.demo.browser import Page
from seatkeep_launcher.demo.scene import CUSTOMERS, Scene, ask, rows
from seatkeep_launcher.demo.steps import StepError, wait_for

QUESTION = re.compile(r"Stop protecting (.+?)\?")


def seat_listed(scene: Scene) -> str:
    """Licensing lists each computer with its product and license."""
    wait_for(lambda: bool(seats(scene, "ACTIVE")), "the seat", seconds=15)
    row = seats(scene, "ACTIVE")[0]
    return ", ".join(row[name] for name in ("Device", "Product", "Customer", "License"))


def protection_stopped(scene: Scene) -> str:
    """“Stop protecting” says what it hits, and the seats are free at once; the computer hears of it."""
    page = scene.owner.get(f"{scene.licensing}/seats/?state=ACTIVE")
    question = ask(scene.owner, page, f"{scene.licensing}/seats/stop/")
    found = QUESTION.search(question.text)
    if found is None:
        raise StepError(f"the question does not say what it stops: {question.text[:200]}")
    scene.owner.submit(question.form("confirmed"))
    if seats(scene, "ACTIVE"):
        raise StepError("a seat is still in use")
    seconds = wait_for(lambda: not licensed(scene), "the end of the license on the computer", seconds=30)
    return f"{found[1]}: seat free at once, without license after {seconds:.1f} s"


def protection_resumed(scene: Scene) -> str:
    """Undo, within 24 hours: the same seat again."""
    page: Page = scene.owner.get(f"{scene.licensing}/seats/undo/")
    scene.owner.submit(page.form("seat"))
    if not seats(scene, "ACTIVE"):
        raise StepError("the seat was not taken again")
    seconds = wait_for(lambda: licensed(scene), "the license on the computer", seconds=30)
    return f"licensed again after {seconds:.1f} s"


def usage_counted(scene: Scene) -> str:
    """The day of the first customer: agreed, ordered and in use side by side."""
    page = scene.owner.get(f"{scene.licensing}/usage/")
    scene.owner.submit(page.form_to("/usage/count/"))
    found = rows(scene.owner, f"{scene.licensing}/usage/?search={CUSTOMERS[0].split()[0]}")
    today = [row for row in found if row["Customer"] == CUSTOMERS[0] and int(row["In use"]) > 0]
    if not today:
        raise StepError(f"no seat of {CUSTOMERS[0]} was counted")
    row = today[0]
    return f"{CUSTOMERS[0]}: agreed {row['Agreed']}, ordered {row['Ordered']}, in use {row['In use']}"


def seats(scene: Scene, state: str) -> list[dict[str, str]]:
    """Seats in a state, as Licensing lists them."""
    return rows(scene.owner, f"{scene.licensing}/seats/?state={state}")


def licensed(scene: Scene) -> bool:
    """Whether the console shows the computer with a license."""
    found = rows(scene.technician, f"{scene.manager}/computers/")
    return bool(found) and all(row["License"] == "ACTIVE" for row in found)
