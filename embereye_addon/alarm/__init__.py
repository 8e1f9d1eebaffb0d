"""Zones, the panel, faults (pure) and the journal."""
