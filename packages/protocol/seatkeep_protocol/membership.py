"""Which devices a dynamic group takes: rules over a device's status, joined by one operation.

Under AND every rule must hold, and rules about the same table must hold for one and the same row: a card with this
address and that name, not one card with the address and another with the name. So a list of programs that must all be
there needs a group below a group. Under OR one rule is enough. NAND and NOR are the opposites of AND and OR.

A negated operator asks for a row with a different value; that there is no such row at all is what NAND and NOR ask.

Source:
    domain/management.md §3.6, §4.8.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import zip_longest
from typing import Annotated, Any

import msgspec

from seatkeep_protocol.device_status import SYMBOLS, DeviceStatus, Row, Symbol, Value, ValueType
from seatkeep_protocol.errors import RuleInvalidError
from seatkeep_protocol.policy import ChainNode, DynamicGroup

Question = Callable[[Row], bool]

RULES_MAX = 32
VALUES_MAX = 256


class Operation(StrEnum):
    """How the rules of a template are joined."""

    AND = "AND"
    OR = "OR"
    NAND = "NAND"
    NOR = "NOR"


class Operator(StrEnum):
    """How a value of the device meets the value of a rule. Texts are compared without regard to case."""

    EQUAL = "EQUAL"
    GREATER = "GREATER"
    GREATER_OR_EQUAL = "GREATER_OR_EQUAL"
    LESS = "LESS"
    LESS_OR_EQUAL = "LESS_OR_EQUAL"
    CONTAINS = "CONTAINS"
    STARTS_WITH = "STARTS_WITH"
    ENDS_WITH = "ENDS_WITH"
    IN = "IN"
    IN_NETWORK = "IN_NETWORK"


_ORDER = frozenset({Operator.GREATER, Operator.GREATER_OR_EQUAL, Operator.LESS, Operator.LESS_OR_EQUAL})
_SAME = frozenset({Operator.EQUAL, Operator.IN})
_PARTS = frozenset({Operator.CONTAINS, Operator.STARTS_WITH, Operator.ENDS_WITH})

OPERATORS: Mapping[ValueType, frozenset[Operator]] = {
    ValueType.TEXT: _SAME | _PARTS,
    ValueType.NUMBER: _SAME | _ORDER,
    ValueType.VERSION: _SAME | _ORDER | _PARTS,
    ValueType.ADDRESS: _SAME | _ORDER | {Operator.IN_NETWORK},
    ValueType.CHOICE: _SAME,
    ValueType.BOOLEAN: frozenset({Operator.EQUAL}),
}
"""What can be asked of values of a type; each of them also negated."""


class Rule(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One question about a device.

    Attributes:
        symbol: A name of `SYMBOLS`.
        value: What the device's value is held against: a text, a whole number, true or false; for IN a list of them;
            for IN_NETWORK a network such as `10.1.0.0/16`.
        is_negated: Asks for a row that has a value, but another one.
    """

    symbol: Annotated[str, msgspec.Meta(max_length=64)]
    operator: Operator
    value: Any
    is_negated: bool = False


class Template(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a device must be to belong to a group. Without rules AND and NOR take every device, OR and NAND none."""

    operation: Operation
    rules: Annotated[tuple[Rule, ...], msgspec.Meta(max_length=RULES_MAX)] = ()


class DynamicNode(msgspec.Struct, frozen=True, omit_defaults=True):
    """A dynamic group as a document carries it, with the groups below it in list order."""

    node: ChainNode
    template: Template
    children: tuple[DynamicNode, ...] = ()


def template_check(template: Template) -> None:
    """Check that every rule can be asked.

    Raises:
        RuleInvalidError: The message names the rule, counted from 1, and what is wrong with it.
    """
    for number, rule in enumerate(template.rules, start=1):
        if fault := _rule_fault(rule):
            raise RuleInvalidError(f"Rule {number}: {fault}")


def is_member(template: Template, status: DeviceStatus) -> bool:
    """Tell whether a device belongs to a group of this template.

    A rule that cannot be asked here (its symbol is of a newer version, its value does not fit) holds for no device.
    """
    match template.operation:
        case Operation.AND:
            return _all_hold(template.rules, status)
        case Operation.OR:
            return _one_holds(template.rules, status)
        case Operation.NAND:
            return not _all_hold(template.rules, status)
        case Operation.NOR:
            return not _one_holds(template.rules, status)


def groups_joined(nodes: Iterable[DynamicNode], status: DeviceStatus) -> tuple[DynamicGroup, ...]:
    """Return the groups that a device belongs to, in list order; a group is looked at only inside its parent."""
    return tuple(
        DynamicGroup(node.node, groups_joined(node.children, status))
        for node in nodes
        if is_member(node.template, status)
    )


def group_ids(groups: Iterable[DynamicGroup]) -> Iterator[str]:
    """Yield the ids of groups and of those below them, depth-first."""
    for group in groups:
        yield group.node.node
        yield from group_ids(group.children)


def _all_hold(rules: Sequence[Rule], status: DeviceStatus) -> bool:
    about: dict[str, list[Question]] = {}
    for rule in rules:
        about.setdefault(_table(rule), []).append(_question(rule))
    return all(
        any(all(question(row) for question in questions) for row in status.get(table, ()))
        for table, questions in about.items()
    )


def _one_holds(rules: Sequence[Rule], status: DeviceStatus) -> bool:
    return any(any(map(_question(rule), status.get(_table(rule), ()))) for rule in rules)


def _table(rule: Rule) -> str:
    return rule.symbol.partition(".")[0]


def _question(rule: Rule) -> Question:
    """The rule as it is asked of a row."""
    if _rule_fault(rule):
        return lambda row: False
    symbol, test = SYMBOLS[rule.symbol], _TESTS[rule.operator]
    wanted = rule.value if rule.operator is Operator.IN else [rule.value]

    def holds(row: Row) -> bool:
        if symbol.field not in row:
            return False
        found = row[symbol.field]
        return any(test(symbol.type, found, value) for value in wanted) is not rule.is_negated

    return holds


def _order(type_: ValueType, left: Value, right: Value) -> int | None:
    """-1, 0 or 1; None where the two have no order, such as addresses of different families."""
    match type_:
        case ValueType.NUMBER:
            return _sign(int(left), int(right))
        case ValueType.VERSION:
            return _version_order(str(left), str(right))
        case ValueType.ADDRESS:
            return _address_order(str(left), str(right))
        case _:
            return _sign(_folded(left), _folded(right))


def _sign(left: Any, right: Any) -> int:
    return int(left > right) - int(left < right)


def _folded(value: Value) -> str:
    return str(value).casefold()


def _version_order(left: str, right: str) -> int:
    """Numbers by size, all else by letters; a missing part is 0, and letters come before numbers: 2.0rc1 < 2.0.1."""
    for one, other in zip_longest(_version_parts(left), _version_parts(right), fillvalue=(1, 0, "")):
        if order := _sign(one, other):
            return order
    return 0


def _version_parts(version: str) -> list[tuple[int, int, str]]:
    parts = re.findall(r"[0-9]+|[a-z]+", version.casefold())
    return [(1, int(part), "") if part.isdecimal() else (0, 0, part) for part in parts]


def _address_order(left: str, right: str) -> int | None:
    try:
        one, other = ipaddress.ip_address(left), ipaddress.ip_address(right)
    except ValueError:
        return None
    return _sign(int(one), int(other)) if one.version == other.version else None


def _is_in_network(_: ValueType, found: Value, network: Value) -> bool:
    try:
        return ipaddress.ip_address(str(found)) in ipaddress.ip_network(str(network), strict=False)
    except ValueError:
        return False


def _ordered(is_right: Callable[[int], bool]) -> Callable[[ValueType, Value, Value], bool]:
    def test(type_: ValueType, found: Value, wanted: Value) -> bool:
        order = _order(type_, found, wanted)
        return order is not None and is_right(order)

    return test


_TESTS: Mapping[Operator, Callable[[ValueType, Value, Value], bool]] = {
    Operator.EQUAL: _ordered(lambda order: order == 0),
    Operator.IN: _ordered(lambda order: order == 0),
    Operator.GREATER: _ordered(lambda order: order > 0),
    Operator.GREATER_OR_EQUAL: _ordered(lambda order: order >= 0),
    Operator.LESS: _ordered(lambda order: order < 0),
    Operator.LESS_OR_EQUAL: _ordered(lambda order: order <= 0),
    Operator.CONTAINS: lambda _, found, wanted: _folded(wanted) in _folded(found),
    Operator.STARTS_WITH: lambda _, found, wanted: _folded(found).startswith(_folded(wanted)),
    Operator.ENDS_WITH: lambda _, found, wanted: _folded(found).endswith(_folded(wanted)),
    Operator.IN_NETWORK: _is_in_network,
}


def _rule_fault(rule: Rule) -> str | None:
    """Why the rule cannot be asked; None when it can."""
    symbol = SYMBOLS.get(rule.symbol)
    if symbol is None:
        return f"there is nothing called {rule.symbol!r}."
    if rule.operator not in OPERATORS[symbol.type]:
        return f"{rule.operator} cannot be asked of {rule.symbol}."
    if rule.operator is not Operator.IN:
        return _value_fault(symbol, rule.operator, rule.value)
    if not isinstance(rule.value, list) or not 1 <= len(rule.value) <= VALUES_MAX:
        return f"IN takes a list of 1 to {VALUES_MAX} values."
    return next((fault for value in rule.value if (fault := _value_fault(symbol, rule.operator, value))), None)


def _value_fault(symbol: Symbol, operator: Operator, value: object) -> str | None:
    match symbol.type:
        case ValueType.NUMBER:
            return None if type(value) is int and abs(value) < 2**62 else "the value must be a whole number."
        case ValueType.BOOLEAN:
            return None if isinstance(value, bool) else "the value must be true or false."
    if not isinstance(value, str) or not 1 <= len(value) <= 255:
        return "the value must be a text of 1 to 255 characters."
    if symbol.choices and value not in symbol.choices:
        return f"the value must be one of {', '.join(symbol.choices)}."
    return _address_fault(operator, value) if symbol.type is ValueType.ADDRESS else None


def _address_fault(operator: Operator, value: str) -> str | None:
    try:
        if operator is Operator.IN_NETWORK:
            ipaddress.ip_network(value, strict=False)
        else:
            ipaddress.ip_address(value)
    except ValueError:
        return f"{value!r} is no {'network such as 10.1.0.0/16' if operator is Operator.IN_NETWORK else 'IP address'}."
    return None
