"""Companies, their people and what each may see."""
