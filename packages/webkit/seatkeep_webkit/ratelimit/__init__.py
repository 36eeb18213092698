"""Rate limits that hold over all processes, because PostgreSQL keeps them."""
