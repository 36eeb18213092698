"""Price lists and monthly statements between a seller and a buyer."""
