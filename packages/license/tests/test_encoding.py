"""Base64url has one form for each sequence of bytes."""

from __future__ import annotations

import pytest
from seatkeep_license.encoding import b64url_decode, b64url_encode
from seatkeep_license.errors import TokenMalformedError

ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@pytest.mark.parametrize("raw", [bytes(range(255, 255 - size, -1)) for size in range(8)])
def test_what_was_encoded_is_read(raw):
    assert b64url_decode(b64url_encode(raw)) == raw


@pytest.mark.parametrize("raw", [b"\xff", b"\xff\xfe", b"abcd", b"abcde"])
def test_no_other_last_character_stands_for_the_same_bytes(raw):
    text = b64url_encode(raw)
    read = {last: _decoded(text[:-1] + bytes([last])) for last in ALPHABET}
    assert [last for last, found in read.items() if found == raw] == [text[-1]]


@pytest.mark.parametrize(
    "text", [b"A", b"AAAAA", b"+_8A", b"/_8A", b"__8=", b"_w==", b"____=", b"!___", b"__ _", b"__\n_", b"\xc3\xa4__"]
)
def test_foreign_characters_padding_and_lengths_are_refused(text):
    with pytest.raises(TokenMalformedError):
        b64url_decode(text)


def _decoded(text):
    try:
        return b64url_decode(text)
    except TokenMalformedError:
        return None
