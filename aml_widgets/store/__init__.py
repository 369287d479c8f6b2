"""Where runs are kept: the interfaces, the embedded SQLite store, an in-memory store, files."""
