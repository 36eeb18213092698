"""Devices, groups and people of this instance."""
