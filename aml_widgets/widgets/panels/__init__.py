"""The parts of the live view, one per subject. Each shows what it is told of a view state and keeps nothing else."""
