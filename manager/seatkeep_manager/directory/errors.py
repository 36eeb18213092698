"""What can go wrong in the directory; each docstring is fit for a person."""

from __future__ import annotations

from seatkeep_webkit.errors import ConflictError, InvalidError, NotFoundError


class GroupNotFoundError(NotFoundError):
    """There is no such group, or you may not see it."""

    code = "group_not_found"


class DeviceNotFoundError(NotFoundError):
    """There is no such device, or you may not see it."""

    code = "device_not_found"


class GroupLockedError(ConflictError):
    """This group follows Licensing or belongs to the system; it cannot be renamed, moved or deleted here."""

    code = "group_locked"


class GroupNotEmptyError(ConflictError):
    """The group still holds devices or other groups."""

    code = "group_not_empty"


class GroupCycleError(ConflictError):
    """A group cannot be moved into itself."""

    code = "group_cycle"


class GroupTooDeepError(ConflictError):
    """Groups can be nested at most 16 deep."""

    code = "group_too_deep"


class GroupNameTakenError(ConflictError):
    """There is a group of that name in the same place."""

    code = "group_name_taken"


class NameInvalidError(InvalidError):
    """A name has 1 to 200 characters and no control characters."""

    code = "name_invalid"


class DeviceRetiredError(ConflictError):
    """The device is retired."""

    code = "device_retired"
