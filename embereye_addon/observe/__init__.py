"""What a process says of itself: clock, log, metrics, heartbeat."""
