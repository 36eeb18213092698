"""`Idempotency-Key`: the same request sent twice does its work once and is answered the same.

@api.post("/licenses")
@idempotent
def license_post(request, body: LicenseIn): ...
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seatkeep_webkit.idempotency.decorators import idempotent, idempotent_view

__all__ = ["idempotent", "idempotent_view"]


def __getattr__(name: str) -> Any:
    # Django imports this package before models may be loaded, so the decorators come when they are asked for.
    if name not in __all__:
        raise AttributeError(name)
    from seatkeep_webkit.idempotency import decorators

    return getattr(decorators, name)
