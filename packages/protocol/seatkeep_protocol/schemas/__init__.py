"""JSON Schemas of the settings that policies may set, one file per product."""
