"""The Python that a script runs with: found, or built once from what its environment names and kept."""
