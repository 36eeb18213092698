"""What hub and manager share: ids, clock, errors, paging, audit, outbox, encrypted fields and the user interface."""
