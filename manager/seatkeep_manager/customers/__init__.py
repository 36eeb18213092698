"""Customers' life in the console: set-up from a template, ready, off-boarding, return."""
