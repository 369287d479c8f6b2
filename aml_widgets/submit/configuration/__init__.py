"""What a user says of a script that is to become a run: what runs, with which arguments, in which environment."""
