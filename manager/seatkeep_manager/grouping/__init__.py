"""Dynamic groups: templates of rules, groups that use them, and which devices say that they belong to which."""
