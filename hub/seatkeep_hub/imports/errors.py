"""Business refusals of imports."""

from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.errors import ConflictError, InvalidError, NotFoundError


class ImportNotFoundError(NotFoundError):
    """There is no such import, or it is not yours."""

    code = "import_unknown"
    message = _("There is no such import, or it is not yours.")


class ImportFileError(InvalidError):
    """The file cannot be read; `error_code` says which of the limits of `files` or forms it breaks."""

    code = "import_file"
    message = _("The file cannot be read.")


class ImportMappingError(InvalidError):
    """A column is named that the file does not have, twice, or the number's column is missing."""

    code = "import_mapping"
    message = _("The columns are not in order.")


class ImportStateError(ConflictError):
    """The import is not at the point where this can be done."""

    code = "import_state"
    message = _("The import is not at the point where this can be done.")


class ImportHasErrorsError(ConflictError):
    """Rows have errors, so nothing is applied."""

    code = "import_has_errors"
    message = _("Rows have errors, so nothing is applied. Mend them in the file and upload it again.")


class ImportUsedError(ConflictError):
    """What the import made is in use or was changed since, so it cannot be undone; `rows` lists where."""

    code = "import_used"
    message = _("What the import made is in use or was changed since, so it cannot be undone.")
