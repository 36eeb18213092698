"""Alerts by mail: what stands about licenses, seats, months and imports, told to whoever wants to be told."""
