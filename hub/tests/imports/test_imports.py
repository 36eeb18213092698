"""Imports on the database: upsert, dry run, apply, again, undo."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from hub_cast import ACTOR, NOW, Cast
from seatkeep_hub.agreements.models import Agreement
from seatkeep_hub.companies.enums import AccessLevel, CompanyStatus, Role
from seatkeep_hub.companies.models import Company
from seatkeep_hub.companies.people import access_set, user_create
from seatkeep_hub.companies.services import company_rename, company_update
from seatkeep_hub.imports.errors import ImportHasErrorsError, ImportStateError, ImportUsedError
from seatkeep_hub.imports.exports import export_file
from seatkeep_hub.imports.models import ColumnMemory, ImportRow

LATER = NOW + timedelta(hours=1)
TWO = (
    "custom_identifier,name,tags,product,seats\n"
    "K-1,Florist,gold; shop,endpoint-workstation,7\n"
    "K-1,,,endpoint-server,2\n"
    "K-2,Garage,,,\n"
)


def results(run: Any) -> dict[int, str]:
    return dict(ImportRow.objects.filter(run=run).values_list("number", "result"))


def faults(run: Any) -> dict[int, list[tuple[str, str]]]:
    rows = ImportRow.objects.filter(run=run).exclude(faults=[]).values_list("number", "faults")
    return {number: [(field, code) for field, code, _ in found] for number, found in rows}


def companies(cast: Cast) -> set[str]:
    return set(Company.objects.filter(parent=cast.msp_a, status="ACTIVE").values_list("name", flat=True))


def test_a_check_writes_nothing_but_its_results(cast: Cast, upload: Any) -> None:
    run = upload(TWO)
    assert (run.state, results(run)) == ("PLANNED", {2: "CREATE", 3: "CREATE", 4: "CREATE"})
    assert companies(cast) == {"Bakery"}


def test_what_is_applied_is_there(cast: Cast, upload: Any, apply: Any) -> None:
    done = apply(upload(TWO))
    assert (done.state, bytes(done.content)) == ("APPLIED", b"")
    florist = Company.objects.get(custom_identifier="K-1")
    agreed = Agreement.objects.filter(company=florist).values_list("product__code", "mode", "quantity")
    assert (florist.tags, florist.time_zone) == (["gold", "shop"], cast.msp_a.time_zone)
    assert set(agreed) == {("endpoint-workstation", "FIXED", 7), ("endpoint-server", "FIXED", 2)}


def test_the_same_file_again_changes_nothing(upload: Any, apply: Any) -> None:
    apply(upload(TWO))
    stamps = list(Company.objects.values_list("pk", "updated_at"))
    again = upload(TWO)
    assert set(results(again).values()) == {"SAME"}
    assert apply(again, LATER + timedelta(days=1)).state == "APPLIED"
    assert list(Company.objects.values_list("pk", "updated_at")) == stamps


def test_the_number_finds_the_company_whatever_its_name(upload: Any, apply: Any) -> None:
    apply(upload(TWO))
    run = upload("custom_identifier,name\nK-2,Garage & Sons\n")
    row = ImportRow.objects.get(run=run)
    assert (row.result, row.changes) == ("CHANGE", {"name": ["Garage", "Garage & Sons"]})
    apply(run)
    assert Company.objects.get(custom_identifier="K-2").name == "Garage & Sons"


def test_a_company_without_a_number_is_found_by_name_and_gets_it(cast: Cast, upload: Any, apply: Any) -> None:
    apply(upload("custom_identifier,name\nK-9,bakery\n"))
    assert Company.objects.get(pk=cast.customer.pk).custom_identifier == "K-9"


def test_the_shared_license_grows_with_what_is_agreed(cast: Cast, upload: Any, apply: Any, undo: Any) -> None:
    run = apply(upload("custom_identifier,name,product,seats\nK-1,Florist,endpoint-workstation,25\n"))
    cast.license.refresh_from_db()
    assert cast.license.quantity == 25
    undo(run)
    cast.license.refresh_from_db()
    assert cast.license.quantity == 10


def test_an_undone_import_leaves_what_was_before(cast: Cast, upload: Any, apply: Any, undo: Any) -> None:
    company_update(actor=ACTOR, company=cast.customer, now=NOW, custom_identifier="K-0", tags=["old"])
    run = apply(upload(TWO + "K-0,Baker's,new,,\n"))
    assert undo(run).state == "UNDONE"
    bakery = Company.objects.get(pk=cast.customer.pk)
    assert (companies(cast), bakery.tags) == ({"Bakery"}, ["old"])
    assert not Agreement.objects.filter(closed_at=None).exists()


def test_what_was_undone_can_be_imported_again(cast: Cast, upload: Any, apply: Any, undo: Any) -> None:
    undo(apply(upload(TWO)))
    assert apply(upload(TWO)).state == "APPLIED"
    assert companies(cast) == {"Bakery", "Florist", "Garage"}


def test_an_import_that_somebody_works_with_is_not_undone(cast: Cast, upload: Any, apply: Any, undo: Any) -> None:
    run = apply(upload(TWO))
    florist = Company.objects.get(custom_identifier="K-1")
    user_create(actor=ACTOR, company=florist, email="flo@example.com", name="Flo", now=LATER)
    with pytest.raises(ImportUsedError) as refused:
        undo(run)
    assert refused.value.extra["rows"][0]["code"] == "used_person"  # type: ignore[index]  # a list
    assert companies(cast) == {"Bakery", "Florist", "Garage"}


def test_what_was_changed_after_an_import_is_not_undone(upload: Any, apply: Any, undo: Any) -> None:
    run = apply(upload(TWO))
    garage = Company.objects.get(custom_identifier="K-2")
    company_rename(actor=ACTOR, company=garage, name="Garage 2", now=LATER + timedelta(seconds=1))
    with pytest.raises(ImportUsedError):
        undo(run)


def test_one_error_and_nothing_is_written(cast: Cast, upload: Any, apply: Any) -> None:
    run = upload("custom_identifier,name,email\nK-1,Florist,flo@example.com\nK-2,Garage,no address\n")
    assert faults(run) == {3: [("email", "not_an_email")]}
    with pytest.raises(ImportHasErrorsError):
        apply(run)
    assert companies(cast) == {"Bakery"}


def test_attack_the_number_of_another_tenants_company(cast: Cast, upload: Any, apply: Any) -> None:
    company_update(actor=ACTOR, company=cast.msp_b, now=NOW, custom_identifier="B-1")
    run = upload("custom_identifier,parent_identifier,name\nK-1,B-1,Spy\n")
    assert faults(run) == {2: [("parent_identifier", "unknown_parent")]}
    apply(upload("custom_identifier,name\nB-1,Mine now\n"))
    assert Company.objects.get(pk=cast.msp_b.pk).name == "MSP B"


def test_attack_the_license_of_another_tenant(cast: Cast, upload: Any) -> None:
    other = upload(
        "custom_identifier,name,license,product,seats\n"
        f"K-1,Florist,{cast.license.public_id},endpoint-workstation,5\n",
        into=cast.msp_b, actor=_actor(cast.charlie),
    )  # fmt: skip
    assert faults(other) == {2: [("license", "unknown_license")]}


def test_attack_access_taken_between_check_and_apply(cast: Cast, upload: Any, apply: Any) -> None:
    run = upload(TWO)
    access_set(actor=ACTOR, user=cast.erin, company=cast.msp_a, role=Role.OWNER, now=NOW)
    access_set(actor=ACTOR, user=cast.alice, company=cast.msp_a, level=AccessLevel.READ, now=NOW)
    assert apply(run).state == "FAILED"
    assert companies(cast) == {"Bakery"}


def test_a_name_taken_meanwhile_sends_the_import_back_to_its_check(cast: Cast, upload: Any, apply: Any) -> None:
    run = upload(TWO)
    company_update(actor=ACTOR, company=cast.customer, now=NOW, custom_identifier="K-0")
    company_rename(actor=ACTOR, company=cast.customer, name="Florist", now=NOW)
    back = apply(run)
    assert (back.state, faults(back)[2]) == ("PLANNED", [("name", "name_taken")])
    assert companies(cast) == {"Florist"}


def test_a_killed_worker_goes_on_where_it_was(cast: Cast, upload: Any, apply: Any, monkeypatch: Any) -> None:
    from seatkeep_hub.imports import applying

    run, work = upload(TWO), applying._agreements_apply
    monkeypatch.setattr(applying, "_agreements_apply", _killed)
    with pytest.raises(KeyboardInterrupt):
        apply(run)
    monkeypatch.setattr(applying, "_agreements_apply", work)
    done = applying.import_apply_run(uid=run.uid, now=LATER)
    assert (done.state, Agreement.objects.count(), companies(cast)) == ("APPLIED", 2, {"Bakery", "Florist", "Garage"})


def test_no_mail_is_sent(upload: Any, apply: Any, undo: Any) -> None:
    undo(apply(upload("custom_identifier,name,email\nK-1,Florist,flo@example.com\n")))
    assert mail.outbox == []


def test_the_columns_are_remembered(cast: Cast, upload: Any, alice: Any) -> None:
    from seatkeep_hub.imports.services import import_begin, import_map

    odd = b"Kunde Nr;Firma\n1;Florist\n"
    run = import_begin(actor=alice, target=cast.msp_a, file_name="x", content=odd, now=NOW)
    assert run.mapping == {}
    import_map(run=run, mapping={"custom_identifier": 0, "name": 1})
    again = import_begin(actor=alice, target=cast.msp_a, file_name="x", content=b"Firma;Kunde Nr\nA;1\n", now=NOW)
    assert again.mapping == {"custom_identifier": 1, "name": 0}
    assert ColumnMemory.objects.count() == 1


def test_an_export_comes_back_unchanged(cast: Cast, upload: Any, apply: Any) -> None:
    company_update(actor=ACTOR, company=cast.customer, now=NOW, custom_identifier="=K+0", description="-5 %")
    apply(upload(TWO))
    for is_xlsx in (False, True):
        run = upload(export_file(cast.alice, cast.msp_a, is_xlsx=is_xlsx))
        assert (set(results(run).values()), run.total) == ({"SAME"}, 4)


def test_attack_a_formula_does_not_leave_in_an_export(cast: Cast) -> None:
    company_rename(actor=ACTOR, company=cast.customer, name="=HYPERLINK(1)", now=NOW)
    assert b"'=HYPERLINK(1)" in export_file(cast.alice, cast.msp_a, is_xlsx=False)


def test_a_sibling_is_not_in_an_export(cast: Cast) -> None:
    assert b"Bakery" not in export_file(cast.charlie, cast.msp_a, is_xlsx=False)


def test_what_was_applied_cannot_be_mapped_again(upload: Any, apply: Any) -> None:
    from seatkeep_hub.imports.services import import_map

    run = apply(upload(TWO))
    with pytest.raises(ImportStateError):
        import_map(run=run, mapping=run.mapping)


def test_a_removed_company_does_not_hold_its_number(cast: Cast, upload: Any, apply: Any) -> None:
    Company.objects.filter(pk=cast.customer.pk).update(custom_identifier="K-1", status=CompanyStatus.REMOVED)
    apply(upload(TWO))
    assert Company.objects.filter(custom_identifier="K-1").count() == 2


def _actor(user: Any) -> Any:
    from seatkeep_webkit.actors import Actor, ActorKind

    return Actor(kind=ActorKind.USER, id=str(user.uid), label=user.email)


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_second_worker_leaves_an_import_to_the_first(upload: Any, alice: Any, monkeypatch: Any) -> None:
    from seatkeep_hub.imports import applying, services

    run = services.import_apply(actor=alice, run=upload(TWO), now=LATER)
    monkeypatch.setattr(applying, "alone", lambda _: nullcontext(enter_result=False))
    assert applying.import_apply_run(uid=run.uid, now=LATER).state == "APPLYING"
    assert not Company.objects.filter(custom_identifier="K-1").exists()


@pytest.mark.django_db(transaction=True)
def test_one_connection_at_a_time_holds_an_import(upload: Any) -> None:
    from seatkeep_hub.imports.services import alone

    run = upload(TWO)
    with alone(run) as is_mine, ThreadPoolExecutor(1) as others:
        assert (is_mine, others.submit(_held_alone, run).result()) == (True, False)
    with ThreadPoolExecutor(1) as others:
        assert others.submit(_held_alone, run).result()


def test_an_import_is_done_with_the_access_of_who_applies_it(cast: Cast, upload: Any) -> None:
    from seatkeep_hub.imports.applying import import_apply_run
    from seatkeep_hub.imports.services import import_apply

    run = import_apply(actor=_actor(cast.bob), run=upload(TWO), now=LATER)
    assert import_apply_run(uid=run.uid, now=LATER).state == "FAILED"
    assert companies(cast) == {"Bakery"}


def _held_alone(run: Any) -> bool:
    from django.db import connection
    from seatkeep_hub.imports.services import alone

    try:
        with alone(run) as is_mine:
            return is_mine
    finally:
        connection.close()


def test_an_import_of_a_killed_worker_goes_on_by_itself(upload: Any, alice: Any) -> None:
    from seatkeep_hub.imports import jobs, services

    ordered = services.import_apply(actor=alice, run=upload(TWO), now=LATER)
    jobs.resume(0)
    ordered.refresh_from_db()
    assert ordered.state == "APPLIED"
