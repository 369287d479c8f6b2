"""The embedded store: one SQLite database per workspace, the files of the runs in a folder beside it.

`schema` has the tables and their migrations, `connection` opens the file and names its faults, `writing` appends what is
logged to the `tail`, `blocks` keeps what is sealed, `reading` and `envelope` put both together again, `runs` and `models` have the
records, `listing` lists them, `changes` and `list_changes` tell what is new; `store` is the face of it all.
"""
