"""The processes: the supervisor, what every child has in common, and one wiring file each."""
