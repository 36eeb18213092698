"""`/api/v1`: everything that a person can do in the pages, and what a manager calls."""
