"""A protection product with real engines that holds a seat lease."""

__version__ = "0.1.0"
