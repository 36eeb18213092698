"""The steps in the console: customers, installer, device, scan, policy."""

from __future__ import annotations

import html
import re
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from seatkeep_launcher.demo.browser import Browser, PageError
from seatkeep_launcher.demo.device import device_run
from seatkeep_launcher.demo.scene import CUSTOMERS, TECHNICIAN, Scene, ask, link_to, rows, sign_in
from seatkeep_launcher.demo.steps import StepError, wait_for

KEY = re.compile(r"SEATKEEP_KEY='?([A-Za-z0-9_.-]+)")
BY_LICENSING = "/accounts/oidc/licensing/login/?next=/"
EICAR = "X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
"""Harmless by agreement; every engine finds it (EICAR Anti-Malware Testfile)."""


def technician_signs_in(scene: Scene) -> str:
    """One sign-in for both sites; the console lets people in as soon as it has read the company."""
    address = f"{scene.manager}{BY_LICENSING}"

    def is_in() -> bool:
        try:
            sign_in(scene.technician, address, TECHNICIAN, scene.password(TECHNICIAN))
        except PageError as error:
            if ": 403 " not in str(error):
                raise
            return False
        return True

    wait_for(is_in, "the first synchronization", seconds=30, every=1)
    return f"{TECHNICIAN}, by Licensing"


def customers_arrive(scene: Scene) -> str:
    """The console has read the customers from Licensing."""
    address = f"{scene.manager}/customers/"

    def are_here() -> bool:
        return {row["Customer"] for row in rows(scene.technician, address)} >= set(CUSTOMERS)

    seconds = wait_for(are_here, "the synchronization", seconds=30)
    return f"{len(CUSTOMERS)} customers, {seconds:.1f} s after they were made"


def customer_set_up(scene: Scene) -> str:
    """Set-up of one customer on one page: template, groups, key."""
    scene.steps.note(installer=set_up(scene, CUSTOMERS[0], groups="Office\nShop"))
    return f"{CUSTOMERS[0]}: two groups and a deployment key"


def set_up(scene: Scene, customer: str, groups: str) -> str:
    """Fill the page that sets a customer up; returns the address of the installer that it makes."""
    page = scene.technician.get(f"{customer_address(scene, customer)}setup/")
    done = scene.technician.submit(page.form("template", "groups"), groups=groups, makes_key="on")
    return done.address


def customer_ready(scene: Scene) -> str:
    """Another customer is marked as ready."""
    page = scene.technician.get(f"{customer_address(scene, CUSTOMERS[1])}ready/")
    scene.technician.submit(page.form("confirmed"))
    return f"{CUSTOMERS[1]}"


def customer_address(scene: Scene, name: str) -> str:
    """The page of a customer."""
    return link_to(scene.technician.get(f"{scene.manager}/customers/"), name, "/customers/")


def device_installed(scene: Scene) -> str:
    """The command from the console, in a shell, with a folder of its own."""
    return installer_run(scene, scene.steps.fact("installer"), scene.device_root)


def installer_run(scene: Scene, installer: str, root: Path, *, code: int = 0, **environment: str) -> str:
    """Run the command that an installer's page shows; returns its last line.

    Args:
        installer: Address of the page.
        root: Where agent and endpoint go.
        code: The exit code that it must end with.
        environment: Further settings of the installer.

    Raises:
        StepError: It ended with another exit code; with its last lines.
    """
    page = scene.technician.get(installer)
    found = KEY.search(html.unescape(page.html))
    if found is None:
        raise StepError("the installer page shows no command")
    command = f"curl -fsS {scene.manager}/install/linux.sh | sh"
    done = device_run(root, ["sh", "-c", command], SEATKEEP_KEY=found[1], **environment)
    last = (done.stdout.strip() or done.stderr.strip()).splitlines()[-1:]
    if done.returncode != code:
        raise StepError(f"exit code {done.returncode}: {' '.join((done.stdout + done.stderr).splitlines()[-3:])}")
    return last[0].removeprefix("seatkeep: ") if last else "installed"


def device_visible(scene: Scene) -> str:
    """The device stands in its customer's group, licensed and protected."""
    address = f"{scene.manager}/computers/"

    def is_here() -> bool:
        found = rows(scene.technician, address)
        return bool(found) and found[0]["License"] != "" and found[0]["Protection"] not in {"", "Unknown"}

    seconds = wait_for(is_here, "the device", seconds=30)
    row = rows(scene.technician, address)[0]
    scene.steps.note(device=link_to(scene.technician.get(address), row["Computer"], "/computers/"))
    return f"{row['Computer']} in {row['Group']}: {row['Protection']} ({seconds:.1f} s)"


def scan_finds(scene: Scene, name: str) -> str:
    """A scan task from the console finds the test file; the detection shows in the console."""
    folder = scene.device_files / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "invoice.com").write_text(EICAR)
    before, begun = len(_open_detections(scene)), time.monotonic()
    _scan(scene, folder)
    wait_for(lambda: len(_open_detections(scene)) > before, "the detection", seconds=30)
    seconds = time.monotonic() - begun
    row = _open_detections(scene)[0]
    if (folder / "invoice.com").exists():
        raise StepError("the file was not moved to quarantine")
    return f"{row['Detection']} in quarantine, shown {seconds:.1f} s after the order"


def quarantine_act(scene: Scene, act: str) -> str:
    """Restore or delete the newest file in quarantine from the console."""
    address = f"{scene.manager}/quarantine/"
    page = scene.technician.get(f"{address}?state=HELD")
    question = ask(scene.technician, page, f"{address}{act}/", first=1)
    answer = next(one for one in question.forms if f"/{act}/" in one.action)
    scene.technician.submit(answer)
    state = {"restore": "RESTORED", "delete": "DELETED"}[act]
    seconds = wait_for(lambda: bool(rows(scene.technician, f"{address}?state={state}")), act, seconds=30)
    return f"{state.lower()} after {seconds:.1f} s"


def problem_stays(scene: Scene) -> str:
    """What the technician finds in the morning."""
    page = scene.technician.get(f"{scene.manager}/")
    wanted = "Detection not handled"
    wait_for(lambda: wanted in scene.technician.get(f"{scene.manager}/").text, "the problem", seconds=15)
    return f"{wanted} ({page.address})"


def policy_obeyed(scene: Scene) -> str:
    """An exclusion by policy on the customer's group is obeyed by the device, and gone when unassigned."""
    folder = scene.device_files / "excluded"
    folder.mkdir(parents=True, exist_ok=True)
    browser = scene.technician
    form = browser.get(f"{scene.manager}/policies/new/?product=endpoint").form("name", "scan__exclusions")
    fields: dict[str, str] = {"scan__exclusions": f"{folder}/**", "scan__exclusions--flag": "APPLY"}
    made = browser.submit(form, None, name="Keep the test folder", **fields)
    address = f"{made.address}assign/"
    assign, group = browser.get(address).form("group"), _group_value(browser, address, CUSTOMERS[0])
    begun = time.monotonic()
    browser.submit(assign, group=group)
    wait_for(lambda: _has_setting(scene, folder), "the policy on the device", seconds=30, every=0.02)
    live = time.monotonic() - begun
    (folder / "invoice.com").write_text(EICAR)
    _scan(scene, folder)
    if not (folder / "invoice.com").exists():
        raise StepError("the device scanned what the policy excludes")
    (folder / "invoice.com").unlink()
    take_off = browser.get(link_to(browser.get(made.address), "Take off", "/policies/assignments/"))
    begun = time.monotonic()
    browser.submit(take_off.form("confirmed"))
    wait_for(lambda: not _has_setting(scene, folder), "the old settings", seconds=30, every=0.02)
    gone = time.monotonic() - begun
    return f"live on the device after {live:.2f} s, gone {gone:.2f} s after it was taken off"


def _group_value(browser: Browser, address: str, name: str) -> str:
    page = browser.get(address)
    found = re.search(rf'<option value="(\d+)"[^>]*>[^<]*{re.escape(name)}', page.html)
    if found is None:
        raise StepError(f"the group {name} is not offered")
    return found[1]


def _has_setting(scene: Scene, folder: Path) -> bool:
    """Whether the endpoint itself keeps a setting that names this folder."""
    store = sqlite3.connect(f"file:{scene.device_root / 'var/endpoint.db'}?mode=ro", uri=True)
    with closing(store):
        found = store.execute("SELECT 1 FROM fact WHERE instr(value, ?) > 0", [str(folder).encode()]).fetchone()
    return found is not None


def _scan(scene: Scene, folder: Path) -> None:
    """Order a scan and wait for its end."""
    page = scene.technician.get(f"{scene.steps.fact('device')}scan/")
    task = scene.technician.submit(page.form("targets"), targets=str(folder), is_quarantining="on")

    def is_over() -> bool:
        return all(row["State"] == "Done" for row in rows(scene.technician, task.address))

    wait_for(is_over, "the end of the scan", seconds=30, every=0.05)


def _open_detections(scene: Scene) -> list[dict[str, str]]:
    return rows(scene.technician, f"{scene.manager}/detections/?state=open")
