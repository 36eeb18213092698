"""libsodium and OpenSSL must agree, or a lease would depend on who signed it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from seatkeep_hub.fast.signatures import Sodium
from seatkeep_license.keys import SigningKey, _Cryptography

SODIUM, OPENSSL = Sodium(), _Cryptography()
KEY = SigningKey(bytes(range(32)))
PUBLIC = KEY.verify_key.raw


@given(st.binary(max_size=300))
def test_both_engines_sign_alike_and_verify_each_other(message: bytes) -> None:
    signature = SODIUM.sign(seed=KEY.seed, public=PUBLIC, message=message)
    assert signature == OPENSSL.sign(seed=KEY.seed, public=PUBLIC, message=message)
    assert SODIUM.is_genuine(public=PUBLIC, signature=signature, message=message)


@given(st.integers(0, 64 * 8 - 1))
def test_no_flipped_bit_of_a_signature_passes(bit: int) -> None:
    signature = bytearray(SODIUM.sign(seed=KEY.seed, public=PUBLIC, message=b"lease"))
    signature[bit // 8] ^= 1 << bit % 8
    assert not SODIUM.is_genuine(public=PUBLIC, signature=bytes(signature), message=b"lease")


def test_a_key_of_small_order_that_would_sign_for_everyone_is_refused() -> None:
    everything = bytes([1]) + bytes(31)
    assert not SODIUM.is_genuine(public=everything, signature=everything + bytes(32), message=b"anything")
