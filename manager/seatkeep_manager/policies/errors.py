"""What can go wrong with policies; each docstring is fit for a person."""

from __future__ import annotations

from django.utils.translation import gettext as now_
from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.errors import ConflictError, InvalidError, NotFoundError


class PolicyNotFoundError(NotFoundError):
    """There is no such policy, or you may not see it."""

    code = "policy_not_found"
    message = _("There is no such policy, or you may not see it.")


class PolicyAssignmentNotFoundError(NotFoundError):
    """This policy is not assigned there."""

    code = "policy_assignment_not_found"
    message = _("This policy is not assigned there.")


class PolicySettingsError(InvalidError):
    """A setting is unknown or its value does not fit."""

    code = "policy_settings_invalid"
    message = _("A setting is unknown or its value does not fit.")


class PolicyForeignError(ConflictError):
    """The policy belongs to another customer."""

    code = "policy_foreign"
    message = _("The policy belongs to another customer.")


class DocumentTooLargeError(ConflictError):
    """The settings of one group would be larger than 256 kB; make them smaller.

    Args:
        name: The group or device whose document would be too large; "" when it is not known.
        size_bytes: How large its policies would be.
        limit_bytes: How large they may be.
    """

    code = "document_too_large"
    message = _("The settings of one group would be larger than 256 kB; make them smaller.")

    def __init__(self, name: str = "", *, size_bytes: int = 0, limit_bytes: int = 0) -> None:
        text = now_("The policies on %(name)s would have %(size)d kB together; at most %(limit)d kB fit.")
        sizes = {"name": name, "size": -(-size_bytes // 1024), "limit": limit_bytes // 1024}
        super().__init__(text % sizes if name else "", size_bytes=size_bytes, limit_bytes=limit_bytes)


class PolicyLockedError(ConflictError):
    """A built-in policy cannot be changed; duplicate it and change the copy."""

    code = "policy_locked"
    message = _("A built-in policy cannot be changed. Duplicate it and change the copy.")


class PolicyRollingOutError(ConflictError):
    """A version of this policy is being rolled out; finish it or take it back first."""

    code = "policy_rolling_out"
    message = _("A version of this policy is being rolled out. Finish it or take it back first.")


class PolicyUnusedError(ConflictError):
    """No computer obeys this policy, so there is nobody to begin with; save it at once instead."""

    code = "policy_unused"
    message = _("No computer obeys this policy, so there is nobody to begin with. Save it at once instead.")


class PolicyUnchangedError(ConflictError):
    """The settings are those in force already."""

    code = "policy_unchanged"
    message = _("These are the settings in force already.")


class PolicyVersionNotFoundError(NotFoundError):
    """The policy has no such version."""

    code = "policy_version_not_found"
    message = _("The policy has no such version.")


class PolicyOrderError(ConflictError):
    """The order must name each policy of the group once; it has changed meanwhile."""

    code = "policy_order_stale"
    message = _("Somebody has changed the policies of this group meanwhile. Look again and put them in order.")


class RolloutNotFoundError(NotFoundError):
    """Nothing of this policy is being rolled out."""

    code = "rollout_not_found"
    message = _("Nothing of this policy is being rolled out.")


class RolloutPlanError(InvalidError):
    """The stages must be percentages that rise to 100."""

    code = "rollout_plan_invalid"
    message = _("The stages must be percentages that rise to 100.")


class PolicyFileError(InvalidError):
    """The file is no export of policies, or one of its policies does not fit."""

    code = "policy_file_invalid"
    message = _("The file is no export of policies.")
