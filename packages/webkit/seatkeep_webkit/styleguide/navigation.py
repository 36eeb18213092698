"""What the style guide shows around itself."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse

from seatkeep_webkit.navigation import Alerts, Navigation, NavItem, NavSection, SwitcherItem


def navigation(request: HttpRequest) -> Navigation:
    """Return a navigation like the console's."""
    guide = reverse("webkit:styleguide")
    return Navigation(
        sections=[
            NavSection("", [NavItem("Problems", "/problems/", icon="alert-triangle", badge=3)]),
            NavSection(
                "Devices",
                [
                    NavItem("Computers", reverse("webkit:styleguide-table"), icon="device-desktop"),
                    NavItem("Detections", "/detections/", icon="virus"),
                    NavItem("Tasks", "/tasks/", icon="checklist"),
                ],
            ),
            NavSection(
                "Look",
                [
                    NavItem("Components", guide, icon="palette"),
                    NavItem("Wizard", reverse("webkit:styleguide-wizard"), icon="wand"),
                ],
            ),
        ],
        search_url=reverse("webkit:styleguide-search"),
        alerts=Alerts(url="/problems/", count=3),
        switcher=[SwitcherItem("Northwind MSP", guide, is_current=True), SwitcherItem("Contoso", guide)],
        home_url=guide,
    )
