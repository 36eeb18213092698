"""Enrollment: becoming a device of an instance."""

from __future__ import annotations

import asyncio
import logging
import random
import secrets
from pathlib import Path

import msgspec
from seatkeep_machine.files import file_replace
from seatkeep_protocol.enrollment import EnrollAnswer, EnrollRequest
from seatkeep_protocol.fingerprint import Component, fingerprint_components

from seatkeep_agent import __version__
from seatkeep_agent.clock import utc_now
from seatkeep_agent.config import Config, Pending
from seatkeep_agent.errors import ManagerUnreachableError
from seatkeep_agent.identity import Identity, identity_save
from seatkeep_agent.keys import AgentKeys
from seatkeep_agent.manager import Manager, Waiting
from seatkeep_agent.paths import Layout
from seatkeep_agent.platforms.base import Platform
from seatkeep_agent.store import Store

log = logging.getLogger(__name__)
PENDING = "pending_enrollment"
RETRY_SECONDS = 30.0


async def enroll(
    *, manager: Manager, pending: Pending, keys: AgentKeys, platform: Platform, layout: Layout, store: Store
) -> Identity | Waiting:
    """Ask to join once; remembers the identity, or that we wait.

    Args:
        manager: Whom to ask.
        pending: With which key, and for which group.
        keys: Our keys.
        platform: What this machine is.
        layout: Where the instance's authority is kept.
        store: Where the outcome is.

    Raises:
        ManagerRefusedError: The key or the request is refused for good.
        ManagerUnreachableError: No sensible answer now.
    """
    components = fingerprint_components(machine_components(layout, platform), manager.console)

    def request(iat: int) -> EnrollRequest:
        made = enroll_request(manager.console, components, platform, keys, iat)
        return msgspec.structs.replace(made, group=pending.group)

    answer = await manager.enroll(pending.key, request, keys)
    if isinstance(answer, Waiting):
        store.fact_set(PENDING, pending)
        return answer
    return joined(answer, layout, store)


def enroll_request(
    console: str, components: dict[str, str], platform: Platform, keys: AgentKeys, iat: int
) -> EnrollRequest:
    """What this machine says of itself when it asks to join, or to come back."""
    return EnrollRequest(
        aud=console, iat=iat, jti=secrets.token_hex(16), hostname=platform.hostname()[:255] or "unnamed",
        os=platform.os_info(), kind=platform.kind(), fp=components, nkey=keys.nkey_public, x25519=keys.x25519_public,
        agent_version=__version__,
    )  # fmt: skip


def joined(answer: EnrollAnswer, layout: Layout, store: Store) -> Identity:
    """Remember who we are, and the instance's own authority if it has one."""
    identity = Identity(
        device=answer.device, company=answer.company, instance=answer.instance, root_key=answer.root_key,
        min_version=answer.min_version, jwt=answer.nats.jwt, console=answer.addresses.console,
        licensing=answer.addresses.licensing, nats=answer.nats.urls,
    )  # fmt: skip
    if answer.ca_pem:
        file_replace(layout.ca_file, answer.ca_pem.encode(), 0o644)
    identity_save(store, identity)
    store.fact_set(PENDING, Pending(""))
    return identity


async def wait_for_approval(
    *, config: Config, keys: AgentKeys, platform: Platform, layout: Layout, store: Store
) -> Identity:
    """Ask again and again until a person has approved.

    Raises:
        ManagerRefusedError: A person rejected this device.
    """
    pending = store.fact(PENDING, Pending) or Pending("")
    manager = Manager(config.console, layout.ca_file, utc_now)
    while True:
        pause = RETRY_SECONDS
        try:
            outcome = await enroll(
                manager=manager, pending=pending, keys=keys, platform=platform, layout=layout, store=store
            )
            if isinstance(outcome, Identity):
                return outcome
            pause = outcome.retry_after_seconds
        except ManagerUnreachableError as error:
            log.info("approval: %s", error)
        await asyncio.sleep(pause * (0.8 + random.random() / 5))  # noqa: S311  # spreads load


def machine_components(layout: Layout, platform: Platform) -> dict[str, str]:
    """What identifies this machine: its hardware, or the id that was given to a container."""
    if layout.machine_id.exists():
        return {Component.MACHINE_ID.value: layout.machine_id.read_text().strip()}
    return platform.fingerprint_components()


def config_save(layout: Layout, config: Config) -> None:
    """Write the configuration; anybody may read it, there is no secret in it."""
    file_replace(layout.config, msgspec.json.encode(config), 0o644)


def copy_ca(source: Path | None, layout: Layout) -> None:
    """Keep a copy of the authority that the caller trusts."""
    if source is not None and source.resolve() != layout.ca_file.resolve():
        file_replace(layout.ca_file, source.read_bytes(), 0o644)
