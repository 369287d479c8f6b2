"""Log machine-learning runs from a notebook or a script, and watch them live.

The public names load on first use, so that a training script that imports this package pays for what it touches only.
"""
