"""A protection product with real engines that holds a seat lease."""
