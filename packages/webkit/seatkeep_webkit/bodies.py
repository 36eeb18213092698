"""Reads every request's body to its end before Django sees the request.

A view that answers without reading (401, 404, "too large") leaves the rest on a connection that the front door keeps
for others: the server then closes it, and the next person's POST on it ends in a 503. Read first, and it cannot.
"""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

BODY_LIMIT_BYTES = 2_621_440
"""Django's own limit; the front door takes a little less."""
_PROBLEM = b'{"type":"about:blank","title":"%s","status":%d,"code":"%s"}'


def read_first(application: WSGIApplication) -> WSGIApplication:
    """Wrap a WSGI application so that it gets whole bodies, at most 2.5 MB, and never a half one.

    Args:
        application: Django's.

    Returns:
        An application that answers 413 to a larger body and 400 to one that ends before its announced length.
    """

    def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        announced = environ.get("CONTENT_LENGTH") or ""
        if announced.isdecimal() and int(announced) > BODY_LIMIT_BYTES:
            return _refuse(start_response, 413, "Content Too Large", "too_large")
        body = _read(environ)
        if len(body) > BODY_LIMIT_BYTES:
            return _refuse(start_response, 413, "Content Too Large", "too_large")
        if announced.isdecimal() and len(body) < int(announced):
            return _refuse(start_response, 400, "Bad Request", "malformed")
        environ["wsgi.input"], environ["CONTENT_LENGTH"] = BytesIO(body), str(len(body))
        return application(environ, start_response)

    return serve


def _read(environ: WSGIEnvironment) -> bytes:
    """The body, or what came of it before the sender hung up."""
    try:
        return bytes(environ["wsgi.input"].read(BODY_LIMIT_BYTES + 1))
    except OSError:
        return b""


def _refuse(start_response: StartResponse, status: int, words: str, code: str) -> Iterable[bytes]:
    content = _PROBLEM % (words.encode(), status, code.encode())
    headers = [("Content-Type", "application/problem+json"), ("Content-Length", str(len(content)))]
    start_response(f"{status} {words}", headers)
    return [content]
