"""Policies and dynamic groups on the console's pages, as the one-MSP journey makes them."""

from __future__ import annotations

from urllib.parse import urljoin

from playwright.sync_api import Locator, Page, expect

from .journey import Journey
from .waiting import wait_until


def policy_make(journey: Journey, name: str, **settings: str) -> Page:
    """A policy for the endpoint that sets these; its page stands open afterwards."""
    page = journey.console("/policies/new/?product=endpoint")
    page.get_by_label("Name", exact=True).fill(name)
    for setting, value in settings.items():
        page.locator(f"[name={setting}]").fill(value)
        expect(page.locator(f"[name='{setting}--flag']")).to_have_value("APPLY")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    return page


def policy_change_in_stages(page: Page, **settings: str) -> None:
    """Change the policy whose page stands open, stage by stage."""
    page.get_by_role("link", name="Edit", exact=True).click()
    for setting, value in settings.items():
        page.locator(f"[name={setting}]").fill(value)
    page.get_by_text("In stages; it stops").click()
    page.get_by_role("button", name="Save").click()


def policy_assign(journey: Journey, group_name: str) -> None:
    """Put the policy whose page stands open on a group."""
    page = journey.page
    page.get_by_role("link", name="Assign…").click()
    choose(page.locator("#dialog-body [name=group]"), group_name)
    page.locator("#dialog-body").get_by_role("button", name="Assign").click()


def dynamic_group_make(journey: Journey, customer: str, name: str, template: str) -> None:
    """A dynamic group below a customer's; the list of its computers stands open afterwards."""
    page = journey.console("/computers/")
    groups = page.get_by_role("navigation", name="Groups")
    groups.get_by_role("link", name=customer).click()
    expect(page.get_by_role("heading", name=customer, level=1)).to_be_visible()
    group_act(page, "New dynamic group below…")
    choose(page.locator("#dialog-body [name=template]"), template)
    journey.person.answer("Make", name=name)
    made = groups.locator("a[href*='dynamic=']").filter(has_text=name)  # Its branch of the tree may be folded.
    journey.go(urljoin(page.url, made.get_attribute("href") or ""))
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()


def member_wait(journey: Journey, uid: str, seconds: float = 60) -> float:
    """Wait until the list of computers that stands open has this one; returns the seconds that it took."""
    page, address = journey.page, journey.page.url

    def is_listed() -> bool:
        journey.go(address)
        return page.locator(f"a[href='/computers/{uid}/']").count() > 0

    return wait_until("the computer in the group", is_listed, seconds, every=0.05)


def dynamic_group_policy(journey: Journey, policy: str) -> None:
    """Put a policy on the dynamic group whose computers stand open."""
    group_act(journey.page, "Assign a policy…")
    choose(journey.page.locator("#dialog-body [name=policy]"), policy)
    journey.person.answer("Assign")


def dynamic_group_delete(journey: Journey) -> None:
    """Delete the dynamic group whose computers stand open."""
    group_act(journey.page, "Delete…")
    journey.person.answer("Delete")


def group_act(page: Page, act: str) -> None:
    """Choose something from the menu of the group that stands open."""
    menu = page.locator("details[data-menu]").filter(has_text="Group templates")
    menu.locator("summary").click()
    menu.get_by_role("link", name=act).click()


def choose(select: Locator, words: str) -> None:
    """Select the first option that says this."""
    select.select_option(select.locator("option").filter(has_text=words).first.get_attribute("value"))
