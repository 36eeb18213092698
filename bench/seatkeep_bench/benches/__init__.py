"""The smoke benches: each value beside its floor, measured in the same run."""
