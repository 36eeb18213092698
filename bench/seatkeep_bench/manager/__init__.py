"""`seatkeep-bench manager`: the console with thousands of devices, each figure beside its floor."""
