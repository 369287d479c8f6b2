"""What the store costs, beside bare `sqlite3` doing the same work on the same disk in the same run.

``python -m benchmarks`` prints a table and writes JSON; ``--help`` says what can be chosen.
"""
