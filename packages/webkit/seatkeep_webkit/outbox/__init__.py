"""News for other parts: rows written in the transaction that makes them true, read so that none is ever missed."""
