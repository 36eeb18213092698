"""Settings for products, assigned to groups and devices."""
