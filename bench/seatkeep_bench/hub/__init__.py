"""`make bench-hub`: the hub with a distributor's data, each figure beside its floor."""
