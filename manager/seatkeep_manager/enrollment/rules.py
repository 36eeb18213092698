"""Pure decisions about who gets in."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from seatkeep_manager.enrollment.enums import TokenKind, WaitReason

INSTALL_LINK_LIFE = timedelta(days=14)
INSTALL_LINK_USES = 25
DEPLOYMENT_KEY_DAILY_CAP = 200
ROTATION_OVERLAP = timedelta(days=7)
"""How long a rotated deployment key still lets devices in, so that images and scripts can follow."""
TAKEOVER_WINDOW = timedelta(days=7)
"""A machine seen within this time is not handed to another key without its old key or a person."""
BOTH_ALIVE_AFTER = timedelta(minutes=3)
"""A known machine that is heard of so long after its double asked to join is another machine; a late heartbeat is not.
"""
WAIT_RETRY = timedelta(seconds=15)
_PREFIXES = {TokenKind.INSTALL_LINK: "skl_", TokenKind.DEPLOYMENT_KEY: "skd_"}
HINT_CHARACTERS = 4


@dataclass(frozen=True)
class TokenFacts:
    """What decides whether a key lets one more device in."""

    max_uses: int | None
    uses: int
    daily_cap: int | None
    day: date | None
    day_uses: int
    expires_at: datetime | None
    revoked_at: datetime | None
    is_unlimited: bool = False


def secret_make(kind: TokenKind) -> str:
    """A new secret of 192 bits; its beginning tells a person and a secret scanner what it is."""
    return _PREFIXES[kind] + secrets.token_urlsafe(24)


def token_refusal(facts: TokenFacts, *, now: datetime) -> WaitReason | None:
    """Why a key does not let one more device in; None when it does. It ends exactly at `expires_at`."""
    if facts.revoked_at is not None:
        return WaitReason.TOKEN_REVOKED
    if facts.is_unlimited:
        return None
    if facts.expires_at is not None and now >= facts.expires_at:
        return WaitReason.TOKEN_EXPIRED
    if facts.max_uses is not None and facts.uses >= facts.max_uses:
        return WaitReason.TOKEN_USED_UP
    if facts.daily_cap is not None and facts.day == now.date() and facts.day_uses >= facts.daily_cap:
        return WaitReason.DAILY_CAP
    return None


def is_takeover(*, last_seen_at: datetime | None, enrolled_at: datetime, now: datetime) -> bool:
    """Whether a known machine is too fresh to be handed to another key by a deployment key alone."""
    return now - (last_seen_at or enrolled_at) < TAKEOVER_WINDOW


def are_two(*, known_seen_at: datetime | None, double_asked_at: datetime | None) -> bool:
    """Whether a known machine and one that looks like it are both alive, so that one is a copy of the other.

    Args:
        known_seen_at: When the known one was last heard of.
        double_asked_at: When the other one asked to join for the first time.
    """
    if known_seen_at is None or double_asked_at is None:
        return False
    return known_seen_at >= double_asked_at + BOTH_ALIVE_AFTER
