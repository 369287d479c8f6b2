"""The process that carries out one submitted run, from its working folder to its end, and what is done when it is gone."""
