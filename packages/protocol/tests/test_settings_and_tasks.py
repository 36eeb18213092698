"""Settings that products have, and parameters that tasks take."""

from __future__ import annotations

from typing import Any

import pytest
from seatkeep_protocol.errors import SettingUnknownError, SettingValueError, TaskParamsError
from seatkeep_protocol.settings_schema import ListMode, product_schema
from seatkeep_protocol.tasks import PARAMS_TYPES, ScanParams, TaskKind, params_decode, params_encode
from seatkeep_protocol.vocabulary import ScanMethod

ENDPOINT = product_schema("endpoint")


@pytest.mark.parametrize("product", ["endpoint", "agent"])
def test_every_default_fits_its_own_setting(product: str) -> None:
    schema = product_schema(product)

    assert all(schema.accepts(name, value) for name, value in schema.defaults().items())
    assert all(setting.title and setting.description for setting in schema.properties.values())


def test_unknown_product_is_refused() -> None:
    with pytest.raises(SettingUnknownError):
        product_schema("../endpoint")


def test_unknown_setting_is_refused() -> None:
    with pytest.raises(SettingUnknownError, match=r"scan\.mood"):
        ENDPOINT.validate("scan.mood", 1)


def test_exclusions_append_and_targets_replace() -> None:
    assert ENDPOINT.setting("scan.exclusions").list_mode is ListMode.APPEND
    assert ENDPOINT.setting("scan.targets").list_mode is ListMode.REPLACE
    assert ENDPOINT.setting("defender.exclusion_paths").list_mode is ListMode.APPEND


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("scan.schedule", None),
        ("scan.schedule", "*/5 * * * *"),
        ("scan.exclusions", ["/srv/*"]),
        ("engine.kind", "clamd"),
        ("signatures.max_age_days", 30),
        ("quarantine.on_detection", False),
        ("defender.mode", "ENFORCE"),
        ("defender.scan_time", "23:59"),
        ("defender.exclusion_extensions", ["bak", ".tmp"]),
        ("defender.attack_surface_rules", ["d4f940ab-401b-4efc-aadc-ad5f3c50688a=BLOCK"]),
    ],
)
def test_fitting_value_is_taken(name: str, value: object) -> None:
    ENDPOINT.validate(name, value)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("scan.schedule", "at noon", "must look like"),
        ("scan.exclusions", "/srv", "must be of type array"),
        ("scan.exclusions", ["/srv", ""], "each entry must have at least 1"),
        ("scan.targets", ["/x"] * 257, "at most 256 entries"),
        ("engine.kind", "magic", "must be one of yara, clamd"),
        ("engine.clamd_socket", None, "must be of type string"),
        ("engine.clamd_socket", "x" * 108, "at most 107"),
        ("signatures.max_age_days", 0, "at least 1"),
        ("signatures.max_age_days", 31, "at most 30"),
        ("signatures.max_age_days", True, "must be of type integer"),
        ("quarantine.on_detection", 1, "must be of type boolean"),
        ("defender.mode", "enforce", "must be one of OFF, AUDIT, ENFORCE"),
        ("defender.scan_time", "24:00", "must look like"),
        ("defender.exclusion_extensions", ["..\\evil"], "must look like"),
        ("defender.attack_surface_rules", ["d4f940ab=BLOCK"], "must look like"),
        ("defender.signature_update_hours", 0, "at least 1"),
    ],
)
def test_unfit_value_is_refused_and_says_why(name: str, value: object, reason: str) -> None:
    with pytest.raises(SettingValueError, match=reason) as refused:
        ENDPOINT.validate(name, value)
    assert refused.value.detail.startswith(name)


def test_every_kind_of_task_has_parameters_and_a_life() -> None:
    assert set(PARAMS_TYPES) == set(TaskKind)
    assert TaskKind.SCAN.default_life.days == 7


def test_our_own_scan_stands_in_documents_as_older_agents_know_it() -> None:
    assert params_encode(ScanParams()) == {"targets": [], "is_quarantining": True}
    assert params_encode(ScanParams(method=ScanMethod.DEFENDER_FULL))["method"] == "DEFENDER_FULL"


def test_parameters_read_back() -> None:
    params = ScanParams(targets=["/srv"])

    assert params_decode(TaskKind.SCAN, params_encode(params)) == params


@pytest.mark.parametrize(
    ("kind", "params"),
    [
        (TaskKind.SCAN, {"targets": "/srv"}),
        (TaskKind.SCAN, {"mood": 1}),
        (TaskKind.SCAN, {"method": "SOMEHOW"}),
        (TaskKind.SIGNATURES_UPDATE, {"from": "\\\\share"}),
        (TaskKind.QUARANTINE_DELETE, {}),
        (TaskKind.RUN_COMMAND, {"argv": []}),
        (TaskKind.RUN_COMMAND, {"argv": ["true"], "script": "true"}),
        (TaskKind.RUN_COMMAND, {"script": "true", "interpreter": "AWK"}),
        (TaskKind.ISOLATE, {"allow": ["intranet.example.com"]}),
        (TaskKind.ISOLATE, {"hours": 0}),
        (TaskKind.RESTART, {"defers": 11}),
        (
            TaskKind.SOFTWARE_INSTALL,
            {"name": "x", "format": "DEB", "url": "http://x.example/x", "sha256": "0" * 64},
        ),
        (TaskKind.SOFTWARE_UNINSTALL, {"format": "DEB", "package": "--force-all"}),
        ("DANCE", {}),
        (TaskKind.RUN_COMMAND, {"argv": ["true"], "timeout_seconds": 3_601}),
    ],
)
def test_wrong_parameters_are_refused(kind: str, params: dict[str, Any]) -> None:
    with pytest.raises(TaskParamsError):
        params_decode(kind, params)


@pytest.mark.parametrize("product", ["agent", "endpoint"])
def test_every_setting_stands_under_one_heading(product: str) -> None:
    schema = product_schema(product)
    headed = [name for names in schema.sections().values() for name in names]

    assert sorted(headed) == sorted(schema.properties)
    assert {name.partition(".")[0] for name in headed} == set(schema.section_titles)
