"""Set-up, off-boarding, the export for an RMM and the Licensing link, as a person walks through them."""

from __future__ import annotations

import csv
import io
import time
from typing import Any
from zipfile import ZipFile

import pytest
from django.test import Client
from django.urls import reverse
from seatkeep_manager.customers.enums import OffboardState, SetupState
from seatkeep_manager.customers.hand_over import pack_make
from seatkeep_manager.customers.models import CustomerTemplate, OffboardJob, SetupJob
from seatkeep_manager.customers.offboarding import offboard_start
from seatkeep_manager.customers.plans import plan_of
from seatkeep_manager.customers.services import customer_set_up
from seatkeep_manager.directory.models import StaticGroup
from seatkeep_manager.enrollment.models import EnrollmentToken
from seatkeep_manager.hublink.enums import SyncKind, SyncState, SyncTrigger
from seatkeep_manager.hublink.models import HubLink, MirroredCompany, SyncChange, SyncRun, SyncTrouble
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.models import AuditEntry
from standing_cast import NOW, Cast

pytestmark = pytest.mark.django_db
ACTOR = Actor.system("test")


def signed_in(user: Any, *, seconds_ago: float | None = None) -> Client:
    """A session whose sign-in at Licensing was so long ago; None: nobody knows when."""
    client = Client()
    client.force_login(user)
    session = client.session
    session["account_authentication_methods"] = (
        [{"method": "socialaccount", "at": time.time() - seconds_ago}] if seconds_ago is not None else []
    )
    session["account_authentication_methods_user"] = str(user.pk)
    session.save()
    return client


def test_a_set_up_page_begins_with_what_the_chosen_template_says(cast: Cast) -> None:
    url = reverse("console:customer-setup", args=[cast.alpha.uid])

    body = signed_in(cast.alice).get(url, {"template": cast.template.pk}).content.decode()

    assert "Reception" in body
    assert "practice" in body


@pytest.mark.parametrize("template", ["x", "9" * 30, "-1", "٣"])
def test_a_template_that_is_none_is_the_standard_one(cast: Cast, template: str) -> None:
    url = reverse("console:customer-setup", args=[cast.alpha.uid])

    assert "Workstations" in signed_in(cast.alice).get(url, {"template": template}).content.decode()


def test_one_click_sets_a_customer_up(cast: Cast) -> None:
    sent = {"template": cast.template.pk, "groups": "Reception\nReception\nLab", "makes_key": "on", "tags": "a, b"}

    answer = signed_in(cast.alice).post(reverse("console:customer-setup", args=[cast.alpha.uid]), sent)

    token = EnrollmentToken.objects.get(kind="DEPLOYMENT_KEY")
    assert answer["Location"] == reverse("console:installer", args=[token.uid])
    assert StaticGroup.objects.filter(name__in=["Reception", "Lab"]).count() == 2


def test_chosen_customers_are_set_up_by_one_order(cast: Cast) -> None:
    client, url = signed_in(cast.alice), reverse("console:customers-setup")
    chosen = {"selected": [cast.alpha.pk, cast.beta.pk]}
    assert "Set up 2 customers" in client.post(url, chosen).content.decode()

    answer = client.post(url, {**chosen, "form_sent": "1", "template": cast.template.pk})

    job = SetupJob.objects.get(state=SetupState.RUNNING)
    assert answer["Location"] == reverse("console:setup", args=[job.uid])
    assert job.items.count() == 2
    assert "0 of 2 customers done" in client.get(answer["Location"]).content.decode()


def test_nobody_sets_up_who_may_only_look(cast: Cast) -> None:
    sent = {"selected": [cast.alpha.pk], "form_sent": "1", "template": cast.template.pk}

    assert signed_in(cast.rita).post(reverse("console:customers-setup"), sent).status_code in (403, 422)
    assert not SetupJob.objects.filter(state=SetupState.RUNNING).exists()


def key_made(cast: Cast) -> str:
    plan = plan_of(cast.template)
    result = customer_set_up(actor=ACTOR, user=cast.alice, company_uid=cast.alpha.uid, plan=plan, now=NOW)
    assert result.token
    return result.token.secret


def test_keys_are_shown_only_shortly_after_a_sign_in(cast: Cast) -> None:
    secret = key_made(cast)
    page, file = reverse("console:rmm"), reverse("console:rmm-file")

    for client in (signed_in(cast.alice), signed_in(cast.alice, seconds_ago=3600)):
        asked = client.get(page).content.decode()
        assert "prompt%3Dlogin" in asked
        assert client.post(file, {"kind": "csv"}).status_code == 302
    fresh = signed_in(cast.alice, seconds_ago=5)
    assert secret not in fresh.get(page).content.decode()
    answer = fresh.post(file, {"kind": "csv"})

    assert answer["Cache-Control"] == "no-store"
    rows = list(csv.DictReader(io.StringIO(answer.getvalue().decode("utf-8-sig"))))
    assert [(row["Customer number"], row["Group"], row["Deployment key"]) for row in rows] == [
        ("C-1001", "", secret), ("C-1001", "Reception", secret),
    ]  # fmt: skip
    assert AuditEntry.objects.filter(action="customer:key_show", company_uid=cast.alpha.hub_id).exists()


def test_an_export_of_an_order_that_is_not_mine_is_404(cast: Cast) -> None:
    url = reverse("console:rmm")

    assert signed_in(cast.bob, seconds_ago=1).get(url, {"job": cast.setup.uid}).status_code == 404
    assert signed_in(cast.bob, seconds_ago=1).get(url, {"job": "x"}).status_code == 404


def test_templates_are_made_changed_and_deleted(cast: Cast) -> None:
    client = signed_in(cast.alice)
    sent = {"name": "Law firms", "groups": "Office", "makes_key": "on", "daily_cap": "20", "tags": "law"}
    client.post(reverse("console:template-new"), sent)
    made = CustomerTemplate.objects.get(name="Law firms")
    page = reverse("console:template", args=[made.uid])

    assert "Office" in client.get(page).content.decode()
    assert client.post(page, {**sent, "name": "Practices"}).status_code == 422
    client.post(page, {**sent, "name": "Lawyers"})
    client.post(reverse("console:template-delete", args=[made.uid]), {"confirmed": "1"})

    assert not CustomerTemplate.objects.filter(pk=made.pk).exists()
    assert signed_in(cast.bob).get(reverse("console:template", args=[cast.template.uid])).status_code == 403


def test_a_leave_is_counted_before_it_is_ordered(cast: Cast) -> None:
    client, url = signed_in(cast.alice), reverse("console:customer-offboard", args=[cast.alpha.uid])
    page = client.get(url).content.decode()
    assert "7 seats are released in Licensing" in page
    assert "1 computer that is online stops at once" in page
    day = NOW.date().isoformat()
    sent = {"last_day": day, "protect_until": day, "bill_until": day, "product": "keep", "name": "Wrong"}
    assert client.post(url, sent).status_code == 422

    client.post(url, {**sent, "name": cast.alpha.name})

    job = OffboardJob.objects.get()
    assert job.keeps_product
    assert "Taking policies off" in client.get(reverse("console:customer", args=[cast.alpha.uid])).content.decode()


def test_the_pack_is_for_who_may_change_the_customer_and_noted(cast: Cast) -> None:
    day = NOW.date()
    job = offboard_start(
        actor=ACTOR, company=cast.alpha, last_day=day, protect_until=day, bill_until=day, now=NOW
    )  # fmt: skip
    url = reverse("console:customer-hand-over", args=[cast.alpha.uid])
    assert signed_in(cast.alice).get(url).status_code == 404
    pack_make(job, now=NOW)

    answer = signed_in(cast.alice).get(url)

    with ZipFile(io.BytesIO(answer.content)) as archive:
        assert "devices.csv" in archive.namelist()
    assert AuditEntry.objects.filter(action="customer:hand_over").count() == 1
    assert signed_in(cast.rita).get(url).status_code == 403
    assert signed_in(cast.charlie).get(url).status_code == 404


def test_a_failed_step_says_why_and_when_it_is_tried_again(cast: Cast) -> None:
    day = NOW.date()
    job = offboard_start(actor=ACTOR, company=cast.alpha, last_day=day, protect_until=day, bill_until=day, now=NOW)
    OffboardJob.objects.update(
        state=OffboardState.RUNNING, step="LICENSING", error="Licensing does not answer.",
        steps={"LICENSING": {"began_at": NOW.isoformat()}},
    )  # fmt: skip

    body = signed_in(cast.alice).get(reverse("console:offboard-live", args=[job.uid])).content.decode()

    assert "Licensing does not answer." in body
    assert "Try again now" in body
    assert "Call off" not in body


def test_tags_are_changed_and_a_wrong_one_is_said(cast: Cast) -> None:
    client, url = signed_in(cast.alice), reverse("console:customer-tags", args=[cast.alpha.uid])

    assert client.post(url, {"tags": "x" * 61}).status_code == 422
    client.post(url, {"tags": "dental, 24/7"})

    assert "24/7" in client.get(reverse("console:customer", args=[cast.alpha.uid])).content.decode()


def held(cast: Cast) -> SyncRun:
    run = SyncRun.objects.create(
        kind=SyncKind.FULL, trigger=SyncTrigger.DAILY, state=SyncState.HELD, started_at=NOW, to_remove=12
    )
    SyncChange.objects.create(run=run, change="REMOVED", kind="company", hub_id=cast.alpha.hub_id, name="Alpha Dental")
    return run


def test_a_run_that_asks_is_shown_and_agreed_to(cast: Cast) -> None:
    run, client = held(cast), signed_in(cast.alice)
    assert "no longer shows 12 customers" in client.get(reverse("console:link")).content.decode()
    assert "Alpha Dental" in client.get(reverse("console:link-changes", args=[run.uid])).content.decode()

    client.post(reverse("console:link-removals", args=[run.uid]), {"confirmed": "1"})

    link = HubLink.objects.get()
    assert (link.removals_allowed, link.full_requested) == (12, True)
    assert signed_in(cast.bob).post(reverse("console:link-removals", args=[run.uid])).status_code == 403


def test_a_preview_is_asked_for_and_troubles_tried_again(cast: Cast) -> None:
    client = signed_in(cast.alice)
    SyncTrouble.objects.create(
        item_id="x", kind="company", name="<b>Bad</b>", reason="It has no name.", raw="{}", first_at=NOW, last_at=NOW
    )

    client.post(reverse("console:link-preview"))
    client.post(reverse("console:link-troubles-retry"))

    assert HubLink.objects.get().preview_requested_at is not None
    assert SyncTrouble.objects.get().attempts == 2
    assert "<b>Bad" not in client.get(reverse("console:link-troubles")).content.decode()


def test_customers_are_found_by_a_tag_of_either_site_and_by_their_state_in_licensing(cast: Cast) -> None:
    client, url = signed_in(cast.alice), reverse("console:customers")
    client.post(reverse("console:customer-tags", args=[cast.beta.uid]), {"tags": "bakers"})
    MirroredCompany.objects.filter(pk=cast.alpha.pk).update(hub_state="SUSPENDED")

    queries = ({"q": "gold"}, {"q": "bakers"}, {"hub_state": "SUSPENDED"})
    found = [client.get(url, query).content.decode() for query in queries]

    assert ["Alpha Dental" in body for body in found] == [True, False, True]
    assert ["Beta Bakery" in body for body in found] == [False, True, False]
    assert "stay managed here" in client.get(reverse("console:customer", args=[cast.alpha.uid])).content.decode()
