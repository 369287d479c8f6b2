"""What answers requests, by subject. A handler reads the request, asks the store off the event loop, and replies."""
