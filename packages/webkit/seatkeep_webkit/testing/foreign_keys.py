"""Foreign keys must point down the layers: import-linter cannot see `ForeignKey("app.Model")`."""

from __future__ import annotations

from collections.abc import Sequence

from django.apps import apps


def foreign_keys_upward(layers: Sequence[Sequence[str]]) -> list[str]:
    """Name every foreign key that points to a higher layer or to a neighbor in the same one.

    Args:
        layers: App labels, highest layer first; apps not named (Django's, a library's) do not count.
    """
    height = {label: -level for level, labels in enumerate(layers) for label in labels}
    found = []
    for model in apps.get_models():
        here = model._meta.app_label
        for field in model._meta.get_fields():
            if not (field.is_relation and field.concrete and field.related_model):
                continue
            there = field.related_model._meta.app_label
            if here != there and here in height and there in height and height[there] >= height[here]:
                found.append(f"{model._meta.label}.{field.name} -> {there}")
    return found
