"""Sign-in and what belongs to it, noted in the journal: allauth and Django tell of it by signals, here they are heard.

Everywhere else news travels by the outbox; a library that signals is the one exception.
"""

from __future__ import annotations

from typing import Any

from allauth.account import signals as account
from allauth.mfa import signals as mfa
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.http import HttpRequest

from seatkeep_webkit.actors import Actor, ActorKind, actor_from_request, client_ip
from seatkeep_webkit.audit.enums import Result
from seatkeep_webkit.audit.services import audit_record
from seatkeep_webkit.clock import now


def listen() -> None:
    """Hear of sign-in, sign-out, passwords and second factors."""
    for signal, action in (
        (user_logged_in, "sign-in:in"),
        (user_logged_out, "sign-in:out"),
        (account.password_set, "sign-in:password_change"),
        (account.password_changed, "sign-in:password_change"),
        (account.password_reset, "sign-in:password_change"),
    ):
        signal.connect(_noting(action), dispatch_uid=f"journal {action} {id(signal)}", weak=False)
    for signal, action in (
        (mfa.authenticator_added, "sign-in:factor_add"),
        (mfa.authenticator_removed, "sign-in:factor_remove"),
        (mfa.authenticator_reset, "sign-in:factor_renew"),
    ):
        signal.connect(_noting_factor(action, Result.DONE), dispatch_uid=f"journal {action}", weak=False)
    failed = _noting_factor("sign-in:factor_wrong", Result.FAILED)
    mfa.authentication_failed.connect(failed, dispatch_uid="journal factor_wrong", weak=False)


def wrong_password_record(request: HttpRequest, person: Any | None) -> None:
    """Note a failed sign-in, with the person whose address was given; what was typed is never kept."""
    _note(request, person, "sign-in:password_wrong", Result.FAILED, {})


def _noting(action: str) -> Any:
    def hear(sender: object, request: HttpRequest | None = None, user: Any = None, **_rest: object) -> None:
        if request is not None and user is not None:
            _note(request, user, action, Result.DONE, {})

    return hear


def _noting_factor(action: str, result: Result) -> Any:
    def hear(sender: object, request: HttpRequest, user: Any, authenticator: Any = None, **_rest: object) -> None:
        kind = str(getattr(authenticator, "type", ""))
        _note(request, user, action, result, {"kind": kind} if kind else {})

    return hear


def _note(request: HttpRequest, person: Any | None, action: str, result: Result, details: dict[str, str]) -> None:
    company = getattr(person, "company", None)
    actor = _actor(request, person)
    audit_record(
        actor=actor,
        action=action,
        subject_type="user",
        subject_id=actor.id,
        company_uid=getattr(company, "uid", None),
        details=details,
        result=result,
        now=now(),
    )


def _actor(request: HttpRequest, person: Any | None) -> Actor:
    if person is None:
        return actor_from_request(request)
    return Actor(ActorKind.USER, str(person.uid), str(person.get_username()), ip=client_ip(request))
