"""Companies and agreements from a spreadsheet: read, plan, show, apply, undo; and the same form out again."""
