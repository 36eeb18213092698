"""The process that takes device messages from the broker into the database."""
