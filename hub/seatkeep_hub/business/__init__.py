"""The license owner's side: invites Security Admins, who manage licenses for the owner."""
