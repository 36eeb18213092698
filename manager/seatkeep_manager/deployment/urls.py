"""Addresses of the installers; wire.md §6."""

from __future__ import annotations

from django.urls import path, re_path

from seatkeep_manager.deployment import views
from seatkeep_manager.deployment.payload import LINUX_PAYLOAD

app_name = "deployment"

urlpatterns = [
    path("install/linux.sh", views.linux_script_view, name="linux-script"),
    path(f"install/{LINUX_PAYLOAD}", views.linux_payload_view, name="linux-payload"),
    path("install/windows.ps1", views.windows_script_view, name="windows-script"),
    re_path(
        r"^install/(?P<name>seatkeep-[a-z]+-[0-9.]+-x64\.msi)$", views.windows_package_view, name="windows-package"
    ),
    path("i/", views.install_link_view, name="install-link"),
]
