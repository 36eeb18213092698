"""Leases, tickets and license keys: sign and verify, with no I/O and no clock."""
