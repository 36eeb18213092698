"""Products, licenses, seats and who manages them."""
