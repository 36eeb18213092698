"""What one set-up makes: a template's words, or a person's changes to them, or what a job keeps of both."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from seatkeep_manager.customers.errors import TagInvalidError, TooManyGroupsError
from seatkeep_manager.customers.models import CustomerTemplate, SetupJob

MAX_GROUPS = 50
MAX_TAGS = 20
MAX_TAG_LENGTH = 60


@dataclass(frozen=True)
class SetUpPlan:
    """What a set-up makes for one customer.

    Attributes:
        template: Where it came from; None when it is gone.
        name: What the template was called.
        groups: Below the customer's own group.
        policy_ids: Put on the customer's group, in this order.
        tags: Given to the customer.
        makes_key: Whether it gets a deployment key.
        daily_cap: How many computers that key lets in a day.
    """

    template: CustomerTemplate | None
    name: str
    groups: Sequence[str] = ()
    policy_ids: Sequence[int] = ()
    tags: Sequence[str] = ()
    makes_key: bool = True
    daily_cap: int = 200


def plan_of(
    template: CustomerTemplate,
    *,
    groups: Iterable[str] | None = None,
    policy_ids: Iterable[int] | None = None,
    tags: Iterable[str] | None = None,
    makes_key: bool | None = None,
) -> SetUpPlan:
    """A template's plan, with what a person changed of it; None leaves a part as the template has it.

    Raises:
        TooManyGroupsError: More than 50 groups.
        TagInvalidError: More than 20 tags, or one that is no tag.
    """
    policies = template.policies.filter(deleted_at__isnull=True).order_by("id").values_list("pk", flat=True)
    return SetUpPlan(
        template=template,
        name=template.name,
        groups=groups_clean(template.groups if groups is None else groups),
        policy_ids=tuple(policies) if policy_ids is None else tuple(policy_ids),
        tags=tags_clean(template.tags if tags is None else tags),
        makes_key=template.makes_key if makes_key is None else makes_key,
        daily_cap=template.daily_cap,
    )


def plan_of_job(job: SetupJob) -> SetUpPlan:
    """What a job keeps of its template."""
    return SetUpPlan(
        template=job.template,
        name=job.template_name,
        groups=job.groups,
        policy_ids=job.policy_ids,
        tags=job.tags,
        makes_key=job.makes_key,
        daily_cap=job.daily_cap,
    )


def groups_clean(names: Iterable[str]) -> tuple[str, ...]:
    """Names without doubles and empty ones, in the given order.

    Raises:
        TooManyGroupsError: More than 50.
    """
    found = tuple(dict.fromkeys(name.strip() for name in names if name.strip()))
    if len(found) > MAX_GROUPS:
        raise TooManyGroupsError
    return found


def tags_clean(tags: Iterable[str]) -> tuple[str, ...]:
    """Tags without doubles (whatever their case) and empty ones, by name.

    Raises:
        TagInvalidError: One is longer than 60 characters or holds a comma or control characters, or there are over 20.
    """
    found: dict[str, str] = {}
    for tag in (" ".join(tag.split()) for tag in tags):
        if tag:
            found.setdefault(tag.casefold(), tag)
    if len(found) > MAX_TAGS or not all(map(_is_tag, found.values())):
        raise TagInvalidError(fields={"tags": [str(TagInvalidError.message)]})
    return tuple(sorted(found.values(), key=str.casefold))


def _is_tag(tag: str) -> bool:
    return len(tag) <= MAX_TAG_LENGTH and tag.isprintable() and "," not in tag
