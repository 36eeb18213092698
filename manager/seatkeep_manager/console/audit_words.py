"""The journal of the console in words."""

from __future__ import annotations

from collections.abc import Callable, Collection

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.audit.words import AuditWords, Named, Names

from seatkeep_manager.console.words import PRODUCTS, TASKS
from seatkeep_manager.customers.models import CustomerTemplate, SetupJob
from seatkeep_manager.detections.enums import Resolution
from seatkeep_manager.detections.models import Detection
from seatkeep_manager.directory.enums import AccessLevel
from seatkeep_manager.directory.models import Device, StaticGroup, User
from seatkeep_manager.enrollment.enums import TokenKind, WaitReason
from seatkeep_manager.enrollment.models import EnrollmentToken
from seatkeep_manager.grouping.models import DynamicGroup, GroupTemplate
from seatkeep_manager.hublink.models import MirroredCompany
from seatkeep_manager.policies.models import Policy
from seatkeep_manager.problems.enums import ProblemKind
from seatkeep_manager.problems.models import Problem
from seatkeep_manager.tasks.models import ClientTask

ACTIONS = {
    "api_token:create": _("API client made"),
    "api_token:revoke": _("API client stopped"),
    "api_token:rotate": _("API client got another secret"),
    "customer:archive": _("Off-boarding finished"),
    "customer:hand_over": _("Hand-over pack taken"),
    "customer:key_show": _("Deployment key exported for an RMM"),
    "customer:offboard": _("Off-boarding ordered"),
    "customer:offboard_cancel": _("Off-boarding called off"),
    "customer:offboard_retry": _("Failed step of an off-boarding tried again"),
    "customer:ready": _("Customer marked as ready"),
    "customer:restore": _("Customer brought back"),
    "customer:setup": _("Customer set up"),
    "customer:tag": _("Customer tagged"),
    "detection:resolve": _("Detection resolved"),
    "device:create": _("Computer joined"),
    "device:group_unknown": _("Group that an installer asked for is not there"),
    "device:isolated": _("Computer is isolated from the network"),
    "device:move": _("Computer moved"),
    "device:pretend": _("Computer spoke for another, or answered what it was not asked"),
    "device:rekey": _("Computer came back with a new key"),
    "device:released": _("Computer is on the network again"),
    "device:mute": _("Computer muted"),
    "device:rename": _("Computer renamed"),
    "device:restore": _("Computer managed again"),
    "device:retire": _("Computer no longer managed"),
    "device:return": _("Computer returned"),
    "device:unmute": _("Computer no longer muted"),
    "enrollment:approve": _("Computer approved"),
    "enrollment:reject": _("Computer rejected"),
    "dynamic_group:create": _("Dynamic group made"),
    "dynamic_group:delete": _("Dynamic group deleted"),
    "dynamic_group:shift": _("Dynamic group put elsewhere in order"),
    "dynamic_group:update": _("Dynamic group changed"),
    "group_template:create": _("Template of dynamic groups made"),
    "group_template:delete": _("Template of dynamic groups deleted"),
    "group_template:update": _("Template of dynamic groups changed"),
    "group:thresholds": _("Thresholds of problems changed"),
    "group:create": _("Group made"),
    "group:delete": _("Group deleted"),
    "group:move": _("Group moved"),
    "group:rename": _("Group renamed"),
    "hublink:approve": _("Connected to Licensing"),
    "hublink:preview": _("Preview of a synchronization asked for"),
    "hublink:removals_allow": _("Agreed that customers are marked as removed"),
    "hublink:retry": _("What was not taken over tried again"),
    "hublink:start": _("Connection to Licensing asked for"),
    "hublink:sync": _("Synchronization asked for"),
    "instance:restore": _("Console restored from a backup"),
    "keyring:rotate": _("Encryption keys renewed"),
    "license:assign": _("License assigned"),
    "license:credentials": _("Product credentials read"),
    "license:resume": _("Protected again by Licensing"),
    "license:stop": _("Protection stopped by Licensing"),
    "license:unassign": _("License taken away"),
    "permission_set:create": _("Permission set made"),
    "permission_set:delete": _("Permission set deleted"),
    "permission_set:update": _("Permission set changed"),
    "person:accept": _("Invitation accepted"),
    "person:create": _("Person signed in for the first time"),
    "person:grant": _("Role or set given"),
    "person:home": _("Home group set"),
    "person:invite": _("Person invited"),
    "person:leave": _("Person left"),
    "person:ungrant": _("Role or set taken away"),
    "person:uninvite": _("Invitation withdrawn"),
    "session:end": _("Sessions ended"),
    "sign-in-rule:set": _("Rules for signing in set"),
    "policy:assign": _("Policy assigned"),
    "policy:create": _("Policy made"),
    "policy:delete": _("Policy deleted"),
    "policy:order": _("Policies put in order"),
    "policy:rename": _("Policy renamed"),
    "policy:restore": _("Deleted policy brought back"),
    "policy:roll_back": _("Former version of a policy brought back"),
    "policy:rollout": _("Roll-out of a policy started"),
    "policy:rollout_finish": _("Roll-out finished: the version is in force"),
    "policy:rollout_pause": _("Roll-out paused"),
    "policy:rollout_resume": _("Roll-out resumed"),
    "policy:rollout_stage": _("Next stage of a roll-out begun"),
    "policy:rollout_stop": _("Roll-out stopped by itself and taken back"),
    "policy:rollout_take_back": _("Roll-out taken back"),
    "policy:unassign": _("Policy taken off"),
    "policy:update": _("Policy changed"),
    "problem:acknowledge": _("Problem seen"),
    "problem:assign": _("Problem given to somebody"),
    "problem:fix": _("Fix of a problem ordered"),
    "problem:note": _("Note on a problem"),
    "problem:reopen": _("Problem opened again"),
    "problem:snooze": _("Problem snoozed"),
    "problem:undo": _("Act on a problem taken back"),
    "setup:cancel": _("Set-up of many stopped"),
    "setup:order": _("Set-up of many ordered"),
    "setup:retry": _("Set-up of many tried again"),
    "package:add": _("Software put on the list"),
    "package:remove": _("Software taken off the list"),
    "server_task:create": _("Daily rule made"),
    "server_task:remove": _("Daily rule removed"),
    "server_task:run": _("Daily rule changed computers"),
    "task:cancel": _("Task canceled"),
    "task:create": _("Task ordered"),
    "task:end": _("Task taken off its group"),
    "template:create": _("Set-up template made"),
    "template:delete": _("Set-up template deleted"),
    "template:update": _("Set-up template changed"),
    "token:create": _("Installer made"),
    "token:show": _("Installer's key shown"),
    "token:lift": _("Limits of an installer lifted"),
    "token:revoke": _("Installer revoked"),
    "token:rotate": _("Installer replaced"),
}
SUBJECTS = {
    "customer": _("Customer"),
    "device": _("Computer"),
    "group": _("Group"),
    "dynamic_group": _("Dynamic group"),
    "group_template": _("Template of dynamic groups"),
    "policy": _("Policy"),
    "package": _("Software"),
    "server_task": _("Daily rule"),
    "task": _("Task"),
    "detection": _("Detection"),
    "problem": _("Problem"),
    "token": _("Installer"),
    "enrollment": _("Request to join"),
    "license": _("License"),
    "template": _("Set-up template"),
    "setup": _("Set-up of many"),
    "person": _("Person"),
    "invitation": _("Invitation"),
    "permission_set": _("Permission set"),
    "api_token": _("API client"),
    "hublink": _("Licensing link"),
    "instance": _("This console"),
    "keyring": _("Encryption keys"),
}
LABELS = {
    "customers": _("customers"),
    "device": _("computer"),
    "devices": _("computers"),
    "email": _("e-mail"),
    "factors": _("passkeys and codes"),
    "idle_minutes": _("minutes without a click"),
    "items": _("things settled"),
    "permits": _("permits"),
    "requires_second_factor": _("second factor for everyone"),
    "rights": _("roles and sets"),
    "sessions": _("sessions"),
    "what": _("role or set"),
    "former": _("before"),
    "group": _("group"),
    "groups": _("groups made"),
    "hostname": _("host name"),
    "keeps_product": _("product stays"),
    "key": _("deployment key"),
    "kind": _("kind"),
    "level": _("access"),
    "license": _("license"),
    "name": _("name"),
    "order": _("in order"),
    "parent": _("below"),
    "percent": _("percent of the computers"),
    "position": _("place in order"),
    "product": _("product"),
    "protect_until": _("protected until"),
    "reason": _("why"),
    "returned": _("version brought back"),
    "resolution": _("as"),
    "runs": _("computers"),
    "sha256": _("SHA-256"),
    "step": _("step"),
    "tags": _("tags"),
    "target": _("to"),
    "targets": _("places"),
    "template": _("template"),
    "version": _("version"),
}
VALUES = {
    **TASKS,
    **PRODUCTS,
    **{
        str(value): words
        for choices in (AccessLevel, TokenKind, WaitReason, Resolution, ProblemKind)
        for value, words in choices.choices
    },
}
PROGRAMS = {
    "enrollment": _("Enrollment"),
    "hublink": _("Licensing link"),
    "licensing": _("Licensing"),
    "built-in policies": _("Built-in policies"),
    "restore": _("Restore"),
    "roll-out": _("Roll-out"),
    "sign-in": _("Sign-in"),
}


def names_of(ids: Collection[str]) -> Names:
    """Names and pages of what entries speak of; one query per kind of thing, for a whole page."""
    found: dict[str, Named] = {}
    sources: tuple[Callable[[list[str]], dict[str, Named]], ...] = (
        _devices, _groups, _customers, _policies, _tokens, _tasks, _people, _problems, _detections, _templates,
        _dynamic_groups, _group_templates, _setups,
    )  # fmt: skip
    for source in sources:
        missing = [one for one in ids if one not in found]
        if missing:
            found.update(source(missing))
    return found


def _devices(ids: list[str]) -> dict[str, Named]:
    rows = Device.objects.filter(uid__in=ids).only("uid", "hostname", "display_name")
    return {str(one.uid): Named(one.name, reverse("console:device", args=[one.uid])) for one in rows}


def _groups(ids: list[str]) -> dict[str, Named]:
    rows = StaticGroup.objects.filter(uid__in=ids).values_list("uid", "name")
    return {str(uid): Named(name) for uid, name in rows}


def _dynamic_groups(ids: list[str]) -> dict[str, Named]:
    rows = DynamicGroup.objects.filter(uid__in=ids).values_list("uid", "name")
    return {str(uid): Named(name) for uid, name in rows}


def _group_templates(ids: list[str]) -> dict[str, Named]:
    rows = GroupTemplate.objects.filter(uid__in=ids).values_list("uid", "name")
    return {str(uid): Named(name, reverse("console:group-template", args=[uid])) for uid, name in rows}


def _customers(ids: list[str]) -> dict[str, Named]:
    rows = MirroredCompany.objects.filter(uid__in=ids).values_list("uid", "name")
    return {str(uid): Named(name, reverse("console:customer", args=[uid])) for uid, name in rows}


def _policies(ids: list[str]) -> dict[str, Named]:
    rows = Policy.objects.filter(uid__in=ids).values_list("uid", "name")
    return {str(uid): Named(name, reverse("console:policy", args=[uid])) for uid, name in rows}


def _tokens(ids: list[str]) -> dict[str, Named]:
    rows = EnrollmentToken.objects.filter(uid__in=ids).only("uid", "kind", "hint")
    return {
        str(one.uid): Named(f"{one.get_kind_display()} …{one.hint}", reverse("console:installer", args=[one.uid]))
        for one in rows
    }


def _tasks(ids: list[str]) -> dict[str, Named]:
    rows = ClientTask.objects.filter(uid__in=ids).values_list("uid", "kind")
    return {
        str(uid): Named(str(TASKS.get(kind, kind)), reverse("console:task", args=[uid])) for uid, kind in rows
    }  # fmt: skip


def _people(ids: list[str]) -> dict[str, Named]:
    return {str(uid): Named(email) for uid, email in User.objects.filter(uid__in=ids).values_list("uid", "email")}


def _problems(ids: list[str]) -> dict[str, Named]:
    rows = Problem.objects.filter(uid__in=ids).only("uid", "kind")
    return {
        str(one.uid): Named(str(one.get_kind_display()), reverse("console:problem", args=[one.uid])) for one in rows
    }


def _detections(ids: list[str]) -> dict[str, Named]:
    rows = Detection.objects.filter(uid__in=ids).values_list("uid", "name")
    return {str(uid): Named(name, reverse("console:detection", args=[uid])) for uid, name in rows}


def _templates(ids: list[str]) -> dict[str, Named]:
    rows = CustomerTemplate.objects.filter(uid__in=ids).values_list("uid", "name")
    return {str(uid): Named(name, reverse("console:template", args=[uid])) for uid, name in rows}


def _setups(ids: list[str]) -> dict[str, Named]:
    rows = SetupJob.objects.filter(uid__in=ids).values_list("uid", "template_name")
    return {str(uid): Named(name, reverse("console:setup", args=[uid])) for uid, name in rows}


WORDS = AuditWords(ACTIONS, SUBJECTS, LABELS, VALUES, PROGRAMS, names_of)
