"""Fuzzes what reads bytes of strangers: libFuzzer changes messages and documents, led by what code they reach.

`make fuzz` runs it for ten minutes, test_fuzz_codec.py for some seconds. Takes the options of libFuzzer; the first
folder named is the corpus. The first byte of an input says what the rest is: a message of a kind, a stored document, or
a document's body, which is then signed as a thief of the state key would sign it.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

import atheris
import msgspec

sys.path.insert(0, str(Path(__file__).parent))
with atheris.instrument_imports(include=["seatkeep_protocol"]):
    from golden_documents import golden_documents
    from protocol_cast import DEVICE, DEVICE_DOCUMENT, INSTANCE, STATE_KEY, STATE_KEYS
    from seatkeep_protocol.documents import DOMAIN, DeviceDocument, document_verify
    from seatkeep_protocol.errors import ProtocolError
    from seatkeep_protocol.ids import DeviceId
    from seatkeep_protocol.messages import KINDS, body_decode, envelope_decode
    from seatkeep_protocol.subjects import Kind, up_subject, up_subject_parse
    from test_messages import BODIES, encode

SUBJECTS = [up_subject_parse(up_subject(DeviceId(DEVICE), kind)) for kind in Kind]
DOCUMENT = len(SUBJECTS)
STOLEN = DOCUMENT + 1


def read(raw: bytes) -> None:
    """Read what the input says; whatever is wrong with it has a name."""
    if not raw:
        return
    which, content = raw[0] % (STOLEN + 1), raw[1:]
    with suppress(ProtocolError):
        if which < DOCUMENT:
            body_decode(envelope_decode(content, SUBJECTS[which]))
        else:
            stored = stolen(content) if which == STOLEN else content
            document_verify(
                stored, keys=STATE_KEYS, instance=INSTANCE, key=DEVICE_DOCUMENT.key,
                audience=DEVICE_DOCUMENT.audience, min_version=0, document_type=DeviceDocument,
            )  # fmt: skip


def stolen(body: bytes) -> bytes:
    """Any body, signed with the state key."""
    return msgspec.msgpack.encode([STATE_KEY.verify_key.kid, STATE_KEY.sign(DOMAIN + body), body])


def seeds() -> list[bytes]:
    """Inputs that are good, to begin with."""
    kinds = list(Kind)
    document = golden_documents()["device"]
    messages = [bytes([kinds.index(KINDS[type(body)])]) + encode(body) for body in BODIES]
    body: bytes = msgspec.msgpack.decode(document)[2]
    return [*messages, bytes([DOCUMENT]) + document, bytes([STOLEN]) + body]


if __name__ == "__main__":
    corpus = Path(next(word for word in sys.argv[1:] if not word.startswith("-")))
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds()):
        (corpus / f"seed-{number}").write_bytes(seed)
    atheris.Setup(sys.argv, read)
    atheris.Fuzz()
