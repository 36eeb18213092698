"""Who works here and may what: permission sets, grants, invitations, API clients, sign-in rules, leaving."""
