"""The only program on a machine that talks to the manager."""
