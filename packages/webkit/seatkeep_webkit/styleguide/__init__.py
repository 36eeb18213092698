"""Every component on one page, to look at and to test; shown only with SEATKEEP_DEBUG=1."""
