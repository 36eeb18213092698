"""Named states of the MSP tables."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class RequestKind(TextChoices):
    """What somebody asks the company above for."""

    ORDER = "ORDER", _("Order a license")
    SEATS = "SEATS", _("Change the seats of a license")
    AGREEMENT = "AGREEMENT", _("Set an agreement")
    CUSTOMER = "CUSTOMER", _("Add a customer")


class RequestState(TextChoices):
    """What became of a request."""

    PENDING = "PENDING", _("Waiting")
    APPROVED = "APPROVED", _("Approved")
    REJECTED = "REJECTED", _("Rejected")
    CANCELLED = "CANCELLED", _("Taken back")


class CompanyAct(TextChoices):
    """What is done to each of several companies."""

    SUSPEND = "SUSPEND", _("Suspend")
    UNSUSPEND = "UNSUSPEND", _("Take back suspension")
    TAG_ADD = "TAG_ADD", _("Add a tag")
    TAG_REMOVE = "TAG_REMOVE", _("Remove a tag")
    MOVE = "MOVE", _("Move")
    REMOVE = "REMOVE", _("Remove")


class RunState(TextChoices):
    """Progress of an act on several companies."""

    RUNNING = "RUNNING", _("Running")
    FINISHED = "FINISHED", _("Finished")


class InvitationState(TextChoices):
    """Life of an invitation to work in a company."""

    INVITED = "INVITED", _("Invited")
    ACCEPTED = "ACCEPTED", _("Accepted")
    REVOKED = "REVOKED", _("Withdrawn")
