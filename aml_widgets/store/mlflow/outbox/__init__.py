"""What waits on this machine for a tracking server.

A call to `log` is done when its lines are in a file here; a thread brings them to the server, in their order, as often as it takes.
What a process that was killed left behind is brought there by the next one that uses the server.
"""
