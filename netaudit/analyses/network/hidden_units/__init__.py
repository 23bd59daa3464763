"""Hidden units: whether their weights look trained, and which are dead, unused or duplicates; see ``balance.py``."""
