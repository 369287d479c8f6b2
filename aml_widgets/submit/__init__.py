"""How a script becomes a run: so far, the copy of its source folder."""
