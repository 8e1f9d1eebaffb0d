"""Thermal frames as they cross the bus and lie on disk."""
