"""HTTP for agents: files that a task asked for (wire.md §6)."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from seatkeep_license.errors import TokenMalformedError
from seatkeep_protocol.uploads import FILE_LIMIT_BYTES, PROOF_HEADER, upload_device
from seatkeep_webkit.clock import now as clock_now

from seatkeep_manager.enrollment.views import device_endpoint
from seatkeep_manager.tasks.errors import FilesFullError, UploadRefusedError
from seatkeep_manager.tasks.files import file_take


@device_endpoint
def files(request: HttpRequest) -> HttpResponse:
    """204 when the file is taken, or was before."""
    announced = request.headers.get("Content-Length", "")
    if not announced.isdigit() or int(announced) > FILE_LIMIT_BYTES:
        raise FilesFullError
    proof = request.headers.get(PROOF_HEADER, "")
    try:
        device = UUID(upload_device(proof))
    except TokenMalformedError as error:
        raise UploadRefusedError from error
    file_take(device_uid=device, proof=proof, content=request.read(FILE_LIMIT_BYTES + 1), now=clock_now())
    return HttpResponse(status=204)
