"""App `instances`."""

from django.apps import AppConfig


class InstancesConfig(AppConfig):
    """Manager instances and their link requests."""

    name = "seatkeep_hub.instances"
    label = "instances"
