"""Tables keep the layers too."""

from __future__ import annotations

from seatkeep_webkit.testing.foreign_keys import foreign_keys_upward

LAYERS = [
    ["console", "api", "ingest", "publisher"],
    ["customers", "rights"],
    ["problems"],
    ["tasks", "policies", "detections", "deployment"],
    ["statedocs"],
    ["hublink"],
    ["enrollment"],
    ["directory"],
]


def test_no_foreign_key_points_up() -> None:
    assert foreign_keys_upward(LAYERS) == []


def test_layers_upside_down_are_caught() -> None:
    assert "enrollment.EnrollmentToken.group -> directory" in foreign_keys_upward(LAYERS[::-1])
