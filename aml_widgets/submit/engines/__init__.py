"""Where submitted runs work: at once on this machine, in a queue for a named target, or on a Ray cluster."""
