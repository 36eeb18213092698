"""What can go wrong with tasks; each docstring is fit for a person."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.errors import ConflictError, InvalidError, NotAllowedError, NotFoundError


class TaskNotFoundError(NotFoundError):
    """There is no such task, or you may not see it."""

    code = "task_not_found"
    message = _("There is no such task, or you may not see it.")


class TaskParamsInvalidError(InvalidError):
    """The kind of task is unknown, or its parameters do not fit."""

    code = "task_params_invalid"
    message = _("The kind of task is unknown, or its parameters do not fit.")


class TaskTargetsEmptyError(InvalidError):
    """A task needs at least one managed device."""

    code = "task_targets_empty"
    message = _("A task needs at least one managed device.")


class TaskTooManyTargetsError(InvalidError):
    """One task reaches at most 10,000 devices; choose fewer."""

    code = "task_too_many_targets"
    message = _("One task reaches at most 10,000 devices; choose fewer.")


class DeviceTasksFullError(ConflictError):
    """A device has 200 open tasks already; wait until it has done some."""

    code = "device_tasks_full"
    message = _("A device has 200 open tasks already; wait until it has done some.")


class TaskTriggerInvalidError(InvalidError):
    """The trigger, its end or its limits do not fit."""

    code = "task_trigger_invalid"
    message = _("The trigger, its end or its limits do not fit.")


class GroupTasksFullError(ConflictError):
    """The tasks on this group and those above or below it would be too many for its document; end some first."""

    code = "group_tasks_full"
    message = _("The tasks on this group and those above or below it would be too many; end some first.")


class TaskNothingFailedError(ConflictError):
    """No run of this task failed on a computer that you may change."""

    code = "task_nothing_failed"
    message = _("No run of this task failed on a computer that you may change.")


class ServerNotConfirmedError(ConflictError):
    """Servers are among them: confirm that they are meant too (`confirm_server`)."""

    code = "server_not_confirmed"
    message = _("Servers are among them: confirm that they are meant too.")

    def __init__(self, servers: int) -> None:
        super().__init__(servers=servers)


class UploadRefusedError(NotAllowedError):
    """Nobody asked this device for that file."""

    code = "upload_refused"
    message = _("Nobody asked this device for that file.")


class FilesFullError(InvalidError):
    """A file may have 2 MB at most."""

    code = "too_large"
    message = _("A file may have 2 MB at most.")


class FileNotFoundHereError(NotFoundError):
    """There is no such file any more, or you may not see it."""

    code = "file_not_found"
    message = _("There is no such file any more, or you may not see it.")


class PackageNotFoundError(NotFoundError):
    """There is no such package on the list."""

    code = "package_not_found"
    message = _("There is no such package on the list.")


class PackageInvalidError(InvalidError):
    """The package cannot be taken on the list."""

    code = "package_invalid"
    message = _("The package cannot be taken on the list.")


class ServerTaskInvalidError(InvalidError):
    """The rule does not fit."""

    code = "server_task_invalid"
    message = _("The rule does not fit.")


class ServerTaskNotFoundError(NotFoundError):
    """There is no such rule, or you may not see it."""

    code = "server_task_not_found"
    message = _("There is no such rule, or you may not see it.")
