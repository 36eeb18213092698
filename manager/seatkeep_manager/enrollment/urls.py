"""Addresses of the device endpoints, under `/agent/v1/`."""

from __future__ import annotations

from django.urls import path

from seatkeep_manager.enrollment import views

urlpatterns = [
    path("enroll", views.enroll, name="agent-enroll"),
    path("return", views.come_back, name="agent-return"),
    path("jwt", views.jwt, name="agent-jwt"),
    path("relay/keys", views.relay_keys, name="agent-relay-keys"),
    path("relay/<slug:what>", views.relay, name="agent-relay"),
    path("progress", views.progress, name="agent-progress"),
]
