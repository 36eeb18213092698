"""The settings of webkit itself, typed; `base_settings` writes them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from django.conf import settings


@dataclass(frozen=True, slots=True)
class WebkitSettings:
    """What `base_settings` was given."""

    navigation: str
    site_name: str
    form_targets: tuple[str, ...]
    form_targets_from: str
    public_paths: tuple[str, ...]
    has_styleguide: bool
    impersonated: str
    sign_in_policy: str


@cache
def webkit_settings() -> WebkitSettings:
    """Return the settings of this project; they do not change while it runs."""
    return WebkitSettings(
        navigation=getattr(settings, "WEBKIT_NAVIGATION"),  # noqa: B009 - django-stubs cannot see base_settings
        site_name=getattr(settings, "WEBKIT_SITE_NAME"),  # noqa: B009 - as above
        form_targets=tuple(getattr(settings, "WEBKIT_FORM_TARGETS")),  # noqa: B009 - as above
        form_targets_from=getattr(settings, "WEBKIT_FORM_TARGETS_FROM"),  # noqa: B009 - as above
        has_styleguide=getattr(settings, "WEBKIT_HAS_STYLEGUIDE"),  # noqa: B009 - as above
        impersonated=getattr(settings, "WEBKIT_IMPERSONATED", ""),
        sign_in_policy=getattr(settings, "WEBKIT_SIGN_IN_POLICY", ""),
        public_paths=tuple(getattr(settings, "WEBKIT_PUBLIC_PATHS")),  # noqa: B009 - as above
    )
