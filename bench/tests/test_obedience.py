"""A simulated device is as strict as a real one: a stolen broker cannot command it."""

from __future__ import annotations

import pytest
from bench_cast import ANSWER, COMPANY, DEVICE, GROUP, MALLORY, STATE, device_raw, group_raw, keys_raw
from seatkeep_bench.obedience import Obedience
from seatkeep_protocol import errors
from seatkeep_protocol.subjects import KEYS_KEY, device_key, group_key

GROUP_KEY = group_key(COMPANY, GROUP)
DEVICE_KEY = device_key(DEVICE)


def taught() -> Obedience:
    obedience = Obedience(ANSWER, {})
    obedience.take(KEYS_KEY, keys_raw())
    obedience.take(DEVICE_KEY, device_raw())
    return obedience


def test_policy_of_the_group_is_obeyed_and_reported() -> None:
    obedience = taught()

    obedience.take(GROUP_KEY, group_raw(exclusion="/srv/build"))

    assert obedience.settings()["scan.exclusions"] == ["/srv/build"]
    assert obedience.applied == {KEYS_KEY: 100, DEVICE_KEY: 100, GROUP_KEY: 100}


def test_document_before_the_keys_is_refused() -> None:
    with pytest.raises(errors.DocumentKeyUnknownError):
        Obedience(ANSWER, {}).take(DEVICE_KEY, device_raw())


def test_keys_signed_by_a_state_key_are_refused() -> None:
    with pytest.raises(errors.DocumentKeyUnknownError):
        Obedience(ANSWER, {}).take(KEYS_KEY, keys_raw(signer=STATE))


def test_order_of_a_stranger_is_refused() -> None:
    with pytest.raises(errors.DocumentKeyUnknownError):
        taught().take(DEVICE_KEY, device_raw(version=200, signer=MALLORY))


def test_replayed_document_is_refused() -> None:
    with pytest.raises(errors.DocumentOlderError):
        taught().take(DEVICE_KEY, device_raw())


def test_document_below_the_floor_of_enrollment_is_refused() -> None:
    obedience = Obedience(ANSWER, {})
    obedience.take(KEYS_KEY, keys_raw())
    with pytest.raises(errors.DocumentOlderError):
        obedience.take(DEVICE_KEY, device_raw(version=99))


def test_group_document_below_the_chain_is_refused() -> None:
    with pytest.raises(errors.DocumentOlderError):
        taught().take(GROUP_KEY, group_raw(version=49))


def test_after_a_restart_the_same_version_is_read_once_more_and_an_older_one_is_not() -> None:
    woken = Obedience(ANSWER, {KEYS_KEY: 100, DEVICE_KEY: 150})
    woken.take(KEYS_KEY, keys_raw())
    with pytest.raises(errors.DocumentOlderError):
        woken.take(DEVICE_KEY, device_raw(version=149))

    woken.take(DEVICE_KEY, device_raw(version=150))

    assert woken.applied[DEVICE_KEY] == 150
