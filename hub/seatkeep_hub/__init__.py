"""The licensing side: companies, licenses, seats, usage, portals."""
