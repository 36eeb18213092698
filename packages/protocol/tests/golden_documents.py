"""Write tests/golden anew. Run by hand, and only when the wire is changed on purpose."""

from __future__ import annotations

from pathlib import Path

from protocol_cast import DEVICE_DOCUMENT, GROUP_DOCUMENT, KEYS_DOCUMENT, ROOT_KEY, STATE_KEY
from seatkeep_protocol.documents import document_sign

FOLDER = Path(__file__).parent / "golden"


def golden_documents() -> dict[str, bytes]:
    """Return every document of the golden files, signed now by the fixed keys."""
    return {
        "keys": document_sign(KEYS_DOCUMENT, ROOT_KEY),
        "group": document_sign(GROUP_DOCUMENT, STATE_KEY),
        "device": document_sign(DEVICE_DOCUMENT, STATE_KEY),
    }


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, raw in golden_documents().items():
        (FOLDER / f"{name}.hex").write_text(raw.hex() + "\n")
