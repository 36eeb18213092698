"""The process that renders, signs and publishes documents for devices."""
