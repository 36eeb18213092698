"""A setting that is sealed to a device: it opens there and nowhere else."""

from __future__ import annotations

import pytest
from seatkeep_agent.effective import endpoint_settings
from seatkeep_protocol.sealing import seal, seal_context, seal_key_generate
from world import World

NAME, SECRET = "scan.schedule", "0 3 * * *"
"""No setting of today's schemas is a secret; a plain one of type text stands for it."""
PRIVATE, PUBLIC = seal_key_generate()


@pytest.fixture
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Documents only: no broker, no console."""
    return World(tmp_path_factory.mktemp("world"))


def effective(world: World, sealed: bytes, *, name: str = NAME) -> dict[str, object]:
    document = world.device_document(sealed={name: sealed})
    return endpoint_settings(world.group_document(), document, {}, x25519_private=PRIVATE)


def sealed_for(world: World, secret: str = SECRET, *, name: str = NAME, device: str = "") -> bytes:
    return seal(secret.encode(), recipient=PUBLIC, context=seal_context(device or world.device, name))


def test_the_device_opens_its_own(world: World) -> None:
    assert effective(world, sealed_for(world)) == {NAME: SECRET}


def test_attack_a_secret_of_another_device_or_setting_is_moved_here(world: World) -> None:
    assert effective(world, sealed_for(world, device="ab" * 16)) == {}
    assert effective(world, sealed_for(world, name="scan.exclusions")) == {}


def test_a_secret_sealed_to_another_key_is_left_out(world: World) -> None:
    _, foreign = seal_key_generate()
    sealed = seal(SECRET.encode(), recipient=foreign, context=seal_context(world.device, NAME))
    assert effective(world, sealed) == {}


def test_an_opened_value_that_the_schema_refuses_is_left_out(world: World) -> None:
    assert effective(world, sealed_for(world, "every now and then")) == {}
