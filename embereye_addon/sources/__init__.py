"""Things that see: cameras, PF devices and mapped points."""
