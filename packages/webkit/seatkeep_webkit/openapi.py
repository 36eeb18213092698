"""A NinjaAPI whose OpenAPI document also tells how it refuses: every error is problem+json (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema

from seatkeep_webkit.errors import AppError
from seatkeep_webkit.problems import CONTENT_TYPE

PROBLEM: dict[str, Any] = {
    "title": "Problem",
    "description": "Why a request was refused; `code` is stable, `errors` names fields.",
    "type": "object",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "errors": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}},
    },
}


class DescribedApi(NinjaAPI):
    """As NinjaAPI; each operation has `default`: a problem, and those of `refusals` say their own codes by status.

    Args:
        refusals: Errors of operations, by method and path such as `POST /licenses`; others name none of their own.
    """

    def __init__(self, *args: Any, refusals: Mapping[str, Sequence[type[AppError]]] | None = None, **more: Any) -> None:
        super().__init__(*args, **more)
        self._refusals = refusals or {}

    def get_openapi_schema(
        self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None
    ) -> OpenAPISchema:
        """The document, with problems in it."""
        document = super().get_openapi_schema(path_prefix=path_prefix, path_params=path_params)
        document.setdefault("components", {}).setdefault("schemas", {})["Problem"] = PROBLEM
        content = {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
        prefix = path_prefix if path_prefix is not None else self.get_root_path(path_params or {})
        for path, methods in document["paths"].items():
            short = "/" + path.removeprefix(prefix).lstrip("/")
            for method, operation in methods.items():
                operation["responses"]["default"] = {"description": "Refused", "content": content}
                operation["responses"] |= _refused(self._refusals.get(f"{method.upper()} {short}", ()), content)
        return document


def _refused(errors: Sequence[type[AppError]], content: dict[str, Any]) -> dict[str, Any]:
    """Responses by status; the description and `x-codes` name each code with its sentence."""
    by_status: dict[int, dict[str, str]] = {}
    for one in errors:
        by_status.setdefault(one.status, {})[one.code] = str(one.message)
    return {
        str(status): {
            "description": " · ".join(f"`{code}`: {words}" for code, words in sorted(codes.items())),
            "content": content,
            "x-codes": sorted(codes),
        }
        for status, codes in sorted(by_status.items())
    }
