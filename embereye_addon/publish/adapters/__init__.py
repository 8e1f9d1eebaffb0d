"""Other systems that are told of alarms over HTTP: what is said (calls, kinds), by which door (http), when (teller)."""
