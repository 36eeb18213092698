"""What can be wrong with something received, by whose fault it is.

Each class has a stable `code`; its docstring is its message.
"""

from __future__ import annotations

from typing import ClassVar


class ProtocolError(Exception):
    """Something received could not be accepted."""

    code: ClassVar[str] = "protocol_error"

    def __init__(self, detail: str | None = None) -> None:
        """Take the sentence for the reader; the class's own docstring when none is given."""
        self.detail = detail or (type(self).__doc__ or "").splitlines()[0]
        super().__init__(self.detail)


class IdMalformedError(ProtocolError):
    """An id is not 32 lower-case hex digits."""

    code = "id_malformed"


class SubjectMalformedError(ProtocolError):
    """The subject is not one that agents send on."""

    code = "subject_malformed"


class MessageError(ProtocolError):
    """The sender's message cannot be used."""

    code = "message_invalid"


class MessageTooLargeError(MessageError):
    """The message is larger than its kind may be."""

    code = "message_too_large"


class MessageMalformedError(MessageError):
    """The message does not have the shape of its kind and version."""

    code = "message_malformed"


class MessageForeignError(MessageError):
    """The envelope names another device or kind than the subject that it came on."""

    code = "message_foreign"


class DocumentError(ProtocolError):
    """The state document must not be obeyed."""

    code = "document_invalid"


class DocumentTooLargeError(DocumentError):
    """The state document is larger than 256 kB."""

    code = "document_too_large"


class DocumentMalformedError(DocumentError):
    """The state document does not have the expected shape."""

    code = "document_malformed"


class DocumentKeyUnknownError(DocumentError):
    """The state document is signed by a key that is not trusted."""

    code = "document_key_unknown"


class DocumentSignatureError(DocumentError):
    """The signature of the state document is wrong."""

    code = "document_signature_wrong"


class DocumentForeignInstanceError(DocumentError):
    """The state document belongs to another instance."""

    code = "document_foreign_instance"


class DocumentForeignKeyError(DocumentError):
    """The state document was made for another key of the bucket."""

    code = "document_foreign_key"


class DocumentForeignAudienceError(DocumentError):
    """The state document was made for another reader."""

    code = "document_foreign_audience"


class DocumentOlderError(DocumentError):
    """The state document is older than what was already applied or demanded."""

    code = "document_older"

    def __init__(self, version: int, min_version: int) -> None:
        """Keep what came and what was demanded (versions are µs since 1970 or a little above)."""
        super().__init__(f"Version {version} is older than the demanded {min_version}.")
        self.version = version
        self.min_version = min_version


class SealBrokenError(ProtocolError):
    """The sealed secret was made for another key or purpose, or it is damaged."""

    code = "seal_broken"


class SettingUnknownError(ProtocolError):
    """The product has no setting of this name."""

    code = "setting_unknown"


class SettingValueError(ProtocolError):
    """The value does not fit the setting."""

    code = "setting_value_wrong"


class FrameError(ProtocolError):
    """The other side of the local socket sent something that is not a frame."""

    code = "frame_malformed"


class TaskParamsError(ProtocolError):
    """The parameters do not fit the kind of task."""

    code = "task_params_wrong"


class TaskKindUnknownError(TaskParamsError):
    """The kind of task is of a later release."""

    code = "task_kind_unknown"


class TriggerInvalidError(ProtocolError):
    """A trigger is none that devices can follow."""

    code = "trigger_invalid"


class RuleInvalidError(ProtocolError):
    """A rule of a dynamic group cannot be asked."""

    code = "rule_invalid"
