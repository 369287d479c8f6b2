"""What things are: the words, values and errors every layer above shares. Standard library only."""
