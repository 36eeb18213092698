"""The only program on a machine that talks to the manager."""

__version__ = "0.1.0"
