"""HTTP for agents: join, renew broker credentials, relay to Licensing, tell an installer's progress (wire.md §6)."""

from __future__ import annotations

import functools
import ssl
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import httpx
import msgspec
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST
from seatkeep_license.encoding import b64url_decode
from seatkeep_license.errors import TokenMalformedError
from seatkeep_license.keys import SigningKey
from seatkeep_protocol.enrollment import EnrollAddresses, EnrollAnswer, JwtRequest, NatsAccess
from seatkeep_webkit.actors import client_ip
from seatkeep_webkit.clock import now as clock_now
from seatkeep_webkit.errors import AppError, InvalidError, NotFoundError, UnavailableError
from seatkeep_webkit.problems import problem_response
from seatkeep_webkit.ratelimit.services import rate_limit

from seatkeep_manager.directory.identity import instance_ensure
from seatkeep_manager.directory.models import Device
from seatkeep_manager.enrollment import rules
from seatkeep_manager.enrollment.broker import company_hex
from seatkeep_manager.enrollment.errors import RequestInvalidError
from seatkeep_manager.enrollment.progress import ProgressReport, progress_report
from seatkeep_manager.enrollment.returning import device_return
from seatkeep_manager.enrollment.services import Waiting, device_broker_jwt, device_enroll, device_jwt

BODY_LIMIT_BYTES = 32 * 1024
RELAY_LIMIT_BYTES = 16 * 1024
RELAY_TIMEOUT_SECONDS = 10
RELAYED = ("activate", "renew", "release")
REQUESTS_PER_MINUTE = 600
"""Per address: a customer's whole office may stand behind one."""

View = Callable[..., HttpResponse]


class EnrollBody(msgspec.Struct, frozen=True):
    """Body of `POST /agent/v1/enroll`."""

    key: str
    request: str


def device_read(view: View) -> View:
    """For programs, not browsers: errors as problem+json, limited per address."""

    @functools.wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            limit = REQUESTS_PER_MINUTE
            rate_limit(key=f"agent:{client_ip(request)}", limit=limit, window=timedelta(minutes=1), now=clock_now())
            return view(request, *args, **kwargs)
        except AppError as error:
            return problem_response(error, request)

    return answer


class ReturnBody(msgspec.Struct, frozen=True):
    """Body of `POST /agent/v1/return`."""

    jwt: str
    request: str


def device_endpoint(view: View) -> View:
    """As `device_read`, but POST only and without a cookie."""
    return csrf_exempt(require_POST(device_read(view)))


@device_endpoint
def enroll(request: HttpRequest) -> HttpResponse:
    """200 with everything the agent needs, or 202 while a person has to decide."""
    now = clock_now()
    body = _decode(request, EnrollBody)
    outcome = device_enroll(secret=body.key, request=body.request, ip=client_ip(request), now=now)
    if isinstance(outcome, Waiting):
        seconds = int(rules.WAIT_RETRY.total_seconds())
        return JsonResponse({"status": "waiting", "retry_after_seconds": seconds}, status=202)
    return HttpResponse(msgspec.json.encode(_answer(outcome, now)), content_type="application/json")


@device_endpoint
def come_back(request: HttpRequest) -> HttpResponse:
    """Answer as `enroll` to a device that this manager lost by a restore; 403 `device_unknown` to all others."""
    now = clock_now()
    body = _decode(request, ReturnBody)
    device = device_return(jwt=body.jwt, request=body.request, ip=client_ip(request), now=now)
    return HttpResponse(msgspec.json.encode(_answer(device, now)), content_type="application/json")


@device_endpoint
def jwt(request: HttpRequest) -> HttpResponse:
    """The next broker JWT; the body is the signed request itself."""
    token = _body(request, RELAY_LIMIT_BYTES).decode("ascii", "replace")
    issued = device_jwt(request=token, device_hex=_device_named(token), now=clock_now())
    return JsonResponse({"jwt": issued})


@device_endpoint
def relay(request: HttpRequest, what: str) -> HttpResponse:
    """Pass a signed request to Licensing unchanged, for machines that cannot reach it themselves."""
    if what not in RELAYED:
        raise NotFoundError
    body = _body(request, RELAY_LIMIT_BYTES)
    return _passed_on("POST", f"/activate/v1/{what}", content=body, headers={"Content-Type": "application/jose"})


@require_GET
@device_read
def relay_keys(request: HttpRequest) -> HttpResponse:
    """Licensing's lease keys, for a machine that has to verify its first lease without reaching Licensing."""
    return _passed_on("GET", "/.well-known/seatkeep-keys.json")


def _passed_on(method: str, path: str, **what: Any) -> HttpResponse:
    """What Licensing answers, unchanged.

    Raises:
        UnavailableError: It does not answer.
    """
    try:
        with httpx.Client(verify=_ca(), timeout=RELAY_TIMEOUT_SECONDS, trust_env=False) as client:
            answer = client.request(method, settings.LICENSING_DEVICE_URL + path, **what)
    except httpx.HTTPError as error:
        raise UnavailableError("Licensing does not answer.", retry_after_seconds=30) from error
    kind = answer.headers.get("Content-Type", "application/json")
    response = HttpResponse(answer.content, status=answer.status_code, content_type=kind)
    if "Retry-After" in answer.headers:
        response["Retry-After"] = answer.headers["Retry-After"]
    return response


@device_endpoint
def progress(request: HttpRequest) -> HttpResponse:
    """One step of an installer, for the technician who waits for it."""
    progress_report(report=_decode(request, ProgressReport), now=clock_now())
    return HttpResponse(status=204)


def _answer(device: Device, now: datetime) -> EnrollAnswer:
    instance = instance_ensure(now=now)
    root = SigningKey.from_seed(bytes(instance.root_key)).verify_key
    return EnrollAnswer(
        device=device.hex_id,
        company=company_hex(device.company_hub_id),
        instance=instance.uid.hex,
        nats=NatsAccess(jwt=device_broker_jwt(device, now=now), urls=list(settings.NATS_DEVICE_URLS)),
        root_key=root.jwk,
        min_version=device.document_floor,
        addresses=EnrollAddresses(console=[settings.CONSOLE_DEVICE_URL], licensing=[settings.LICENSING_DEVICE_URL]),
        ca_pem=settings.DEVICE_CA.read_text() if settings.DEVICE_CA else None,
    )


def _decode(request: HttpRequest, kind: Any) -> Any:
    try:
        return msgspec.json.decode(_body(request, BODY_LIMIT_BYTES), type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise RequestInvalidError(str(error)) from error


def _body(request: HttpRequest, limit: int) -> bytes:
    """The body, refused by its announced size before anything of it is read."""
    announced = request.headers.get("Content-Length", "0")
    if not announced.isdigit() or int(announced) > limit:
        raise InvalidError(f"At most {limit} bytes are taken.", code="too_large")
    return request.body


def _device_named(token: str) -> str:
    """The device that an unverified request names, only to look its key up."""
    parts = token.split(".")
    try:
        claims = msgspec.json.decode(b64url_decode(parts[1].encode()), type=JwtRequest)
    except (IndexError, TokenMalformedError, msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise RequestInvalidError from error
    return claims.device


def _ca() -> Any:
    return ssl.create_default_context(cafile=str(settings.DEVICE_CA)) if settings.DEVICE_CA else True
