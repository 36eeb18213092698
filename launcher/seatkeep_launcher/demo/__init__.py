"""`seatkeep demo`: the whole chain on this machine, through the same doors that people and devices use."""
