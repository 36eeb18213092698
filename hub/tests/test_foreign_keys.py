"""Tables keep the layers too."""

from __future__ import annotations

from seatkeep_webkit.testing.foreign_keys import foreign_keys_upward

LAYERS = [
    ["portal", "api"],
    ["instances"],
    ["msp", "business", "imports"],
    ["billing"],
    ["ordering", "upkeep"],
    ["agreements"],
    ["licensing"],
    ["companies"],
]


def test_no_foreign_key_points_up() -> None:
    assert foreign_keys_upward(LAYERS) == []


def test_layers_upside_down_are_caught() -> None:
    assert "licensing.License.owner -> companies" in foreign_keys_upward(LAYERS[::-1])
