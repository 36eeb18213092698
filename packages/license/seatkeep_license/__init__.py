"""Leases, tickets and license keys: sign and verify, with no I/O and no clock.

Every function takes the time as `now` (aware UTC) and random bytes as arguments; nothing here reads a file, a socket
or a clock. The one exception is `localhost`, which patches the name resolver of the running program.
"""
