"""Routes of the API by area: parse, one call, answer."""
