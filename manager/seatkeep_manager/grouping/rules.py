"""Pure: the rules of a template as they come from outside, as they are stored, and as agents read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from seatkeep_protocol.errors import RuleInvalidError
from seatkeep_protocol.membership import Template, template_check

from seatkeep_manager.grouping.errors import TemplateRulesError

MAX_DEPTH = 8
MAX_SIBLINGS = 64


def template_clean(operation: str, rules: Sequence[Any]) -> Template:
    """Read and check a template.

    Args:
        operation: AND, OR, NAND or NOR.
        rules: `{"symbol", "operator", "value", "is_negated"?}` each; at least one.

    Raises:
        TemplateRulesError: Something is wrong; the message names the rule, counted from 1.
    """
    if not rules:
        raise TemplateRulesError(fields={"rules": ["A template needs at least one rule."]})
    try:
        template = msgspec.convert({"operation": operation, "rules": list(rules)}, Template)
        template_check(template)
    except (msgspec.ValidationError, RuleInvalidError) as error:
        raise TemplateRulesError(fields={"rules": [str(error)]}) from error
    return template


def rules_dump(template: Template) -> list[dict[str, Any]]:
    """The rules as they are stored."""
    dumped: list[dict[str, Any]] = msgspec.to_builtins(template.rules)
    return dumped


def template_load(operation: str, rules: Sequence[Any]) -> Template:
    """A stored template; rules of a newer version stay, and take no device."""
    return msgspec.convert({"operation": operation, "rules": list(rules)}, Template)
