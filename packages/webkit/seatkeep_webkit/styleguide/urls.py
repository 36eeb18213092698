"""Addresses of the style guide; the project around gives the namespace `webkit`."""

from __future__ import annotations

from django.urls import URLPattern, path

from seatkeep_webkit.styleguide import views

urlpatterns: list[URLPattern] = [
    path("styleguide/", views.components, name="styleguide"),
    path("styleguide/search/", views.search, name="styleguide-search"),
    path("styleguide/progress/<int:done>/", views.progress, name="styleguide-progress"),
    path("styleguide/errors/<int:status>/", views.error, name="styleguide-error"),
    path("styleguide/wizard/", views.ComputerWizard.as_view(), name="styleguide-wizard"),
    path("styleguide/computers/", views.computers, name="styleguide-table"),
    path("styleguide/computers/rename/", views.computers_rename, name="styleguide-rename"),
    path("styleguide/computers/remove/", views.computers_remove, name="styleguide-remove"),
    path("styleguide/computers/<uuid:uid>/", views.computer, name="styleguide-computer"),
]
