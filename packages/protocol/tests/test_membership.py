"""Dynamic groups: which devices a template takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from protocol_cast import NOW, NOW_US
from seatkeep_protocol.device_status import MICROS_PER_DAY, SYMBOLS, Known, device_status
from seatkeep_protocol.errors import RuleInvalidError
from seatkeep_protocol.membership import OPERATORS, Operation, Operator, Rule, Template, is_member, template_check
from seatkeep_protocol.messages import (
    Disk,
    EndpointLicense,
    EndpointStatus,
    Hardware,
    Inventory,
    NetworkCard,
    OsInfo,
    Software,
)
from seatkeep_protocol.protection import Capabilities
from seatkeep_protocol.vocabulary import DeviceKind, LicenseState, OsFamily, ProtectionReason, ProtectionStatus

INVENTORY = Inventory(
    hostname="reception-1",
    kind=DeviceKind.WORKSTATION,
    os=OsInfo(family=OsFamily.WINDOWS, name="Windows 11 Enterprise", version="10.0.22621", arch="x86_64"),
    hardware=Hardware(
        ram_bytes=2 * 1024**3,
        disks=[Disk(mount="C:\\", size_bytes=100 * 1024**3, free_bytes=7 * 1024**3)],
        network=[
            NetworkCard(name="LAN", mac="4A-64-3F-10-FC-75", addresses=["192.168.1.2"]),
            NetworkCard(name="VPN", mac="2B-E8-73-BE-81-C7", addresses=["10.1.1.11", "fd00::11"]),
        ],
    ),
    software=[Software(name="PDF Reader", version="7.10.2"), Software(name="Office Suite", version="2.0rc1")],
)
ENDPOINT = EndpointStatus(
    product="endpoint",
    version="1.0.0",
    key_jkt="thumb",
    engine="yara",
    capabilities=Capabilities(is_running=True, signatures_at_us=NOW_US - 4 * MICROS_PER_DAY),
    license=EndpointLicense(state=LicenseState.ACTIVE, public_id="ABC-DEF-GHJ"),
    protection=ProtectionStatus.NOT_PROTECTED,
    reasons=[ProtectionReason.SIGNATURES_OLD, ProtectionReason.THREAT_OPEN],
    open_threats=1,
)
STATUS = device_status(
    Known(name="reception-1", agent_version="0.9.1", inventory=INVENTORY, endpoint=ENDPOINT), now=NOW
)
TABLES = [{}, STATUS, device_status(Known(inventory=INVENTORY), now=NOW)]


@dataclass(frozen=True)
class Case:
    """One rule, and whether the device of these tests answers yes.

    Attributes:
        rule: Symbol, operator and value; a leading `not` negates.
    """

    id: str
    rule: tuple[Any, ...]
    is_member: bool


CASES = [
    Case("same text, other case", ("os.name", "EQUAL", "windows 11 ENTERPRISE"), True),
    Case("part of a text", ("os.name", "CONTAINS", "enterprise"), True),
    Case("start", ("os.name", "STARTS_WITH", "windows"), True),
    Case("not the start", ("os.name", "STARTS_WITH", "enterprise"), False),
    Case("end", ("os.name", "ENDS_WITH", "prise"), True),
    Case("one of several rows", ("software.name", "EQUAL", "Office Suite"), True),
    Case("none of the rows", ("software.name", "EQUAL", "Paint"), False),
    Case("one of a list", ("software.name", "IN", ["Paint", "pdf reader"]), True),
    Case("there is another value", ("not", "software.name", "EQUAL", "PDF Reader"), True),
    Case("there is no other value", ("not", "os.family", "EQUAL", "WINDOWS"), False),
    Case("nothing known, plain", ("hardware.serial", "EQUAL", "1"), False),
    Case("nothing known, negated", ("not", "hardware.serial", "EQUAL", "1"), False),
    Case("number", ("hardware.memory", "LESS", 4), True),
    Case("number at the bound", ("hardware.memory", "LESS", 2), False),
    Case("number at the bound, inclusive", ("hardware.memory", "LESS_OR_EQUAL", 2), True),
    Case("percent", ("disk.free_percent", "LESS", 10), True),
    Case("age in days", ("engine.signature_age", "GREATER_OR_EQUAL", 3), True),
    Case("version by numbers", ("software.version", "GREATER", "7.9"), True),
    Case("version of the same size", ("os.version", "EQUAL", "10.0.22621.0"), True),
    Case("version before its release", ("software.version", "LESS", "2.0"), True),
    Case("address", ("network.address", "EQUAL", "10.1.1.11"), True),
    Case("address in another spelling", ("network.address", "EQUAL", "fd00:0::0011"), True),
    Case("address in a network", ("network.address", "IN_NETWORK", "10.1.0.0/16"), True),
    Case("address in no such network", ("network.address", "IN_NETWORK", "10.2.0.0/16"), False),
    Case("families have no order", ("network.address", "GREATER", "fd00::ffff"), False),
    Case("choice", ("reason.code", "EQUAL", "THREAT_OPEN"), True),
    Case("true or false", ("engine.is_running", "EQUAL", True), True),
    Case("license", ("license.state", "IN", ["ACTIVE", "LAPSED"]), True),
]


def rule(*words: Any) -> Rule:
    """A rule as the cases write it."""
    is_negated = words[0] == "not"
    symbol, operator, value = words[1:] if is_negated else words
    return Rule(symbol=symbol, operator=Operator(operator), value=value, is_negated=is_negated)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_one_rule(case: Case) -> None:
    template = Template(Operation.AND, (rule(*case.rule),))
    template_check(template)
    assert is_member(template, STATUS) is case.is_member


LAN, VPN = ("network.name", "EQUAL", "LAN"), ("network.address", "EQUAL", "10.1.1.11")
WINDOWS, LINUX = ("os.family", "EQUAL", "WINDOWS"), ("os.family", "EQUAL", "LINUX")


@pytest.mark.parametrize(
    ("operation", "rules", "expected"),
    [
        pytest.param("AND", [WINDOWS, VPN], True, id="AND over two tables"),
        pytest.param("AND", [("network.name", "EQUAL", "VPN"), VPN], True, id="AND over one row"),
        pytest.param("AND", [LAN, VPN], False, id="AND over two rows"),
        pytest.param("NAND", [LAN, VPN], True, id="NAND over two rows"),
        pytest.param("OR", [LINUX, VPN], True, id="OR"),
        pytest.param("OR", [LINUX], False, id="OR with nothing right"),
        pytest.param("NOR", [LINUX, ("software.name", "EQUAL", "Paint")], True, id="none of these is there"),
        pytest.param("NOR", [LINUX, ("software.name", "EQUAL", "PDF Reader")], False, id="one of these is there"),
        pytest.param("NAND", [WINDOWS, LINUX], True, id="NAND"),
        pytest.param("AND", [], True, id="AND of nothing"),
        pytest.param("OR", [], False, id="OR of nothing"),
    ],
)
def test_operations(operation: str, rules: list[tuple[Any, ...]], expected: bool) -> None:
    assert is_member(Template(Operation(operation), tuple(rule(*one) for one in rules)), STATUS) is expected


def test_a_device_that_told_nothing_has_no_values() -> None:
    assert not any(is_member(Template(Operation.OR, (rule(*case.rule),)), {}) for case in CASES)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(("os.colour", "EQUAL", "red"), "nothing called", id="unknown symbol"),
        pytest.param(("os.name", "GREATER", "a"), "cannot be asked", id="order of a text"),
        pytest.param(("hardware.memory", "EQUAL", "4"), "whole number", id="text for a number"),
        pytest.param(("hardware.memory", "EQUAL", True), "whole number", id="truth for a number"),
        pytest.param(("hardware.memory", "EQUAL", 2**80), "whole number", id="huge number"),
        pytest.param(("engine.is_running", "EQUAL", 1), "true or false", id="number for truth"),
        pytest.param(("os.name", "EQUAL", ""), "1 to 255", id="empty text"),
        pytest.param(("os.name", "EQUAL", "x" * 256), "1 to 255", id="long text"),
        pytest.param(("os.name", "IN", "x"), "list", id="text for a list"),
        pytest.param(("os.name", "IN", []), "list", id="empty list"),
        pytest.param(("os.name", "IN", ["x"] * 257), "list", id="long list"),
        pytest.param(("os.name", "IN", ["x", 1]), "text", id="number in a list of texts"),
        pytest.param(("os.family", "EQUAL", "BEOS"), "one of", id="unknown choice"),
        pytest.param(("network.address", "EQUAL", "10.1"), "IP address", id="no address"),
        pytest.param(("network.address", "IN_NETWORK", "10.1.0.0/99"), "network", id="no network"),
    ],
)
def test_attack_a_rule_that_cannot_be_asked(words: tuple[Any, ...], said: str) -> None:
    """It is refused when it is written, and takes no device where it comes all the same."""
    template = Template(Operation.AND, (rule("os.family", "EQUAL", "WINDOWS"), rule(*words)))
    with pytest.raises(RuleInvalidError, match=rf"Rule 2: .*{said}"):
        template_check(template)
    assert not is_member(template, STATUS)


_VALUES = st.sampled_from(["WINDOWS", "LAN", "7", "10.1.1.11", "10.0.0.0/8", "", 2, 0, True, None, ["LAN", 3], {}])
_RULES = st.builds(
    Rule, symbol=st.sampled_from([*SYMBOLS, "no.such", ""]), operator=st.sampled_from(Operator), value=_VALUES,
    is_negated=st.booleans(),
)  # fmt: skip


@given(st.lists(_RULES, max_size=4).map(tuple), st.sampled_from(TABLES))
def test_the_negated_operations_are_the_opposites(rules: tuple[Rule, ...], status: Any) -> None:
    """Whatever the rules, any device is in exactly one of AND and NAND, and of OR and NOR."""
    answers = {operation: is_member(Template(operation, rules), status) for operation in Operation}
    assert answers[Operation.AND] is not answers[Operation.NAND]
    assert answers[Operation.OR] is not answers[Operation.NOR]


@given(st.lists(_RULES, max_size=4), _RULES, st.sampled_from(TABLES))
def test_one_more_rule_narrows_and_and_widens_or(rules: list[Rule], more: Rule, status: Any) -> None:
    fewer, all_ = tuple(rules), (*rules, more)
    assert is_member(Template(Operation.AND, all_), status) <= is_member(Template(Operation.AND, fewer), status)
    assert is_member(Template(Operation.OR, all_), status) >= is_member(Template(Operation.OR, fewer), status)


def test_every_symbol_can_be_asked_something_and_stands_where_its_name_says() -> None:
    assert all(OPERATORS[symbol.type] for symbol in SYMBOLS.values())
    told = {f"{table}.{field}" for table, rows in STATUS.items() for row in rows for field in row}
    assert told <= set(SYMBOLS)
