"""Addresses of tasks for devices, under `/agent/v1/`."""

from __future__ import annotations

from django.urls import path

from seatkeep_manager.tasks import views

urlpatterns = [path("files", views.files, name="agent-files")]
