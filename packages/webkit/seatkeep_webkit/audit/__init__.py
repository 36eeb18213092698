"""The audit journal: who did what to whom, when, from where."""
