"""The link to the hub: the instance's key, the mirror of companies, licenses and seats, and how fresh it is."""
