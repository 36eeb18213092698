"""What can go wrong with dynamic groups; each docstring is fit for a person."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.errors import ConflictError, InvalidError, NotFoundError


class TemplateNotFoundError(NotFoundError):
    """There is no such template, or you may not see it."""

    code = "group_template_not_found"
    message = _("There is no such template, or you may not see it.")


class DynamicGroupNotFoundError(NotFoundError):
    """There is no such dynamic group, or you may not see it."""

    code = "dynamic_group_not_found"
    message = _("There is no such dynamic group, or you may not see it.")


class TemplateRulesError(InvalidError):
    """The rules of the template are not right."""

    code = "group_template_rules"
    message = _("The rules of the template are not right.")


class TemplateBuiltinError(ConflictError):
    """A built-in template cannot be changed; make a copy of it."""

    code = "group_template_builtin"
    message = _("A built-in template cannot be changed; make a copy of it.")


class TemplateUsedError(ConflictError):
    """Groups still use the template; give them another one first."""

    code = "group_template_used"
    message = _("Groups still use the template; give them another one first.")


class TemplateForeignError(ConflictError):
    """The template belongs to a customer that does not own this group."""

    code = "group_template_foreign"
    message = _("The template belongs to a customer that does not own this group.")


class DynamicGroupNameTakenError(ConflictError):
    """There is a dynamic group of that name in the same place."""

    code = "dynamic_group_name_taken"
    message = _("There is a dynamic group of that name in the same place.")


class DynamicGroupTooDeepError(ConflictError):
    """Dynamic groups can be nested at most 8 deep."""

    code = "dynamic_group_too_deep"
    message = _("Dynamic groups can be nested at most 8 deep.")


class DynamicGroupsTooManyError(ConflictError):
    """A place holds at most 64 dynamic groups."""

    code = "dynamic_groups_too_many"
    message = _("A place holds at most 64 dynamic groups.")
