"""What the API says and takes of policies."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from ninja import Schema
from pydantic import Field
from seatkeep_protocol.policy import Origin, Voice

from seatkeep_manager.policies.changes import Change
from seatkeep_manager.policies.models import Policy, PolicyRollout, PolicyRolloutDevice
from seatkeep_manager.policies.rollout_rules import FAILED_PERCENT, HOLD, STAGES, Plan


class PolicyIn(Schema):
    """A policy; `company` is a customer's uid, or null for everybody's."""

    name: str
    product: str = Field(pattern="^(endpoint|agent)$")
    settings: dict[str, Any]
    description: str = Field(default="", max_length=2000)
    note: str = Field(default="", max_length=500)
    company: UUID | None = None


class PolicyChange(Schema):
    """What to change of a policy; what is left out stays. `note` says why, with the new version."""

    name: str | None = None
    description: str | None = Field(default=None, max_length=2000)
    settings: dict[str, Any] | None = None
    note: str = Field(default="", max_length=500)


class PolicyOut(Schema):
    """A policy; `settings` and `version` are those in force."""

    uid: UUID
    name: str
    description: str
    product: str
    company: UUID | None = Field(alias="company_hub_id")
    is_builtin: bool
    settings: dict[str, Any]
    version: int
    changed_at: datetime

    @staticmethod
    def resolve_is_builtin(policy: Policy) -> bool:
        """Whether it comes with the program."""
        return policy.is_locked


class DuplicateIn(Schema):
    """A copy: its name, and the customer that will own it, or null for everybody."""

    name: str
    company: UUID | None = None


class PolicyVersionOut(Schema):
    """What a policy said at one time."""

    version: int
    settings: dict[str, Any]
    created_at: datetime
    created_by: str
    note: str


class RollBackIn(Schema):
    """Why a former version comes back."""

    note: str = Field(default="", max_length=500)


class ChangeOut(Schema):
    """One setting that differs between two versions."""

    name: str
    title: str
    kind: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    added: list[str]
    removed: list[str]

    @staticmethod
    def resolve_kind(change: Change) -> str:
        """ADDED, REMOVED or CHANGED."""
        return change.kind.value


class RolloutIn(Schema):
    """A version to roll out in stages: percentages that rise to 100, each watched for `hold_seconds`."""

    settings: dict[str, Any]
    note: str = Field(default="", max_length=500)
    stages: list[int] = Field(default_factory=lambda: list(STAGES), max_length=10)
    hold_seconds: int = Field(default=int(HOLD.total_seconds()), ge=0, le=1_209_600)
    failed_percent: int = Field(default=FAILED_PERCENT, ge=0, le=100)

    def plan(self) -> Plan:
        """The plan that it asks for.

        Raises:
            RolloutPlanError: The stages do not rise to 100.
        """
        return Plan(tuple(self.stages), timedelta(seconds=self.hold_seconds), self.failed_percent)


class RolloutOut(Schema):
    """A roll-out; `counts` are of the devices reached so far, `percent` is the present stage's."""

    uid: UUID
    version: int
    state: str
    stages: list[int]
    percent: int
    hold_seconds: int
    failed_percent: int
    counts: dict[str, int]
    reason: str
    started_at: datetime
    stage_at: datetime
    finished_at: datetime | None
    created_by: str

    @staticmethod
    def resolve_version(rollout: PolicyRollout) -> int:
        """The number of the version that it brings."""
        return rollout.version.version


class RolloutDeviceOut(Schema):
    """A computer that a roll-out has reached: WAITING, APPLIED or FAILED, and why it failed."""

    device: UUID
    name: str
    state: str
    reason: str
    reached_at: datetime

    @staticmethod
    def resolve_device(row: PolicyRolloutDevice) -> UUID:
        """The computer."""
        return row.device.uid

    @staticmethod
    def resolve_name(row: PolicyRolloutDevice) -> str:
        """Its name."""
        return row.device.name


class GroupPolicyOut(Schema):
    """A policy on a group; the first of the list merges first, the last one wins."""

    uid: UUID
    position: int
    policy: UUID
    name: str

    @staticmethod
    def resolve_policy(row: Any) -> UUID:
        """The policy."""
        return UUID(str(row.policy.uid))

    @staticmethod
    def resolve_name(row: Any) -> str:
        """Its name."""
        return str(row.policy.name)


class OrderIn(Schema):
    """All assignments of a group, the first to merge first."""

    assignments: list[UUID] = Field(max_length=1000)


class OriginOut(Schema):
    """Who said something: a policy in a version, on a group or on the computer itself."""

    policy: str
    policy_uid: UUID
    version: int
    node: str
    node_kind: str


class VoiceOut(Schema):
    """What one policy said about a setting, and what became of it.

    `verdict`: COUNTS; REPLACED by the later one in `by`; FORCED, the earlier one in `by` had forced the setting; UNFIT,
    this version of the product does not know it or does not take the value.
    """

    origin: OriginOut
    flag: str
    mode: str | None
    value: Any
    verdict: Literal["COUNTS", "REPLACED", "FORCED", "UNFIT"]
    by: OriginOut | None


class EffectiveOut(Schema):
    """A setting as it counts on a computer, and everybody who spoke."""

    value: Any
    is_forced: bool
    origins: list[OriginOut]
    voices: list[VoiceOut]


def origin_out(origin: Origin) -> OriginOut:
    """An origin in the API's words."""
    return OriginOut(
        policy=origin.policy_name,
        policy_uid=UUID(origin.policy),
        version=origin.version,
        node=origin.node_name,
        node_kind=origin.node_kind.value,
    )


def voice_out(voice: Voice) -> VoiceOut:
    """A voice in the API's words."""
    said = voice.setting
    return VoiceOut(
        origin=origin_out(voice.origin),
        flag=said.flag.value,
        mode=said.mode.value if said.mode else None,
        value=said.value,
        verdict=voice.verdict.value,
        by=origin_out(voice.by) if voice.by else None,
    )
