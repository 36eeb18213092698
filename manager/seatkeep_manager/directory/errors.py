"""What can go wrong in the directory; each docstring is fit for a person."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.errors import ConflictError, InvalidError, NotAllowedError, NotFoundError


class GroupNotFoundError(NotFoundError):
    """There is no such group, or you may not see it."""

    code = "group_not_found"
    message = _("There is no such group, or you may not see it.")


class DeviceNotFoundError(NotFoundError):
    """There is no such device, or you may not see it."""

    code = "device_not_found"
    message = _("There is no such device, or you may not see it.")


class GroupLockedError(ConflictError):
    """This group follows Licensing or belongs to the system; it cannot be renamed, moved or deleted here."""

    code = "group_locked"
    message = _("This group follows Licensing or belongs to the system; it cannot be renamed, moved or deleted here.")


class GroupNotEmptyError(ConflictError):
    """The group still holds devices or other groups."""

    code = "group_not_empty"
    message = _("The group still holds devices or other groups.")


class GroupCycleError(ConflictError):
    """A group cannot be moved into itself."""

    code = "group_cycle"
    message = _("A group cannot be moved into itself.")


class GroupTooDeepError(ConflictError):
    """Groups can be nested at most 20 deep."""

    code = "group_too_deep"
    message = _("Groups can be nested at most 20 deep.")


class GroupNameTakenError(ConflictError):
    """There is a group of that name in the same place."""

    code = "group_name_taken"
    message = _("There is a group of that name in the same place.")


class NameInvalidError(InvalidError):
    """A name has 1 to 200 characters and no control characters."""

    code = "name_invalid"
    message = _("A name has 1 to 200 characters and no control characters.")


class DeviceRetiredError(ConflictError):
    """The device is retired."""

    code = "device_retired"
    message = _("The device is retired.")


class PersonWithoutAccessError(NotAllowedError):
    """Your account in Licensing has no access to the customers of this console."""

    code = "person_without_access"
    message = _("Your account in Licensing has no access to the customers of this console.")


class GroupHoldsNoDevicesError(ConflictError):
    """Computers cannot stand directly in All or Companies; choose a group below."""

    code = "group_holds_no_devices"
    message = _("Computers cannot stand directly in All or Companies; choose a group below.")


class TooManyDevicesError(InvalidError):
    """At most 10,000 computers at once."""

    code = "too_many_devices"
    message = _("At most 10,000 computers at once.")


class MuteInvalidError(InvalidError):
    """Mute until a time that is still to come, at most a year ahead."""

    code = "mute_invalid"
    message = _("Mute until a time that is still to come, at most a year ahead.")


class PatternInvalidError(InvalidError):
    """The pattern names something that is not known; see the list of names beside it."""

    code = "pattern_invalid"
    message = _("The pattern names something that is not known; see the list of names beside it.")


class ActNotFoundError(NotFoundError):
    """There is nothing to take back: it is too long ago, was somebody else's, or is taken back already."""

    code = "act_not_found"
    message = _("There is nothing to take back: it is too long ago, was somebody else's, or is taken back already.")


class GroupPathInvalidError(InvalidError):
    """A path is names from below All down to the group with / between them; at most 2,000 rows at once."""

    code = "group_path_invalid"
    message = _("A path is names from below All down to the group with / between them; at most 2,000 rows at once.")
