"""Several products at once, trials, later changes, terms of use, acts on many things."""
