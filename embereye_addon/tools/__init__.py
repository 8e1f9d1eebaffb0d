"""Commands for people who work with PF devices: decode a capture, simulate devices, replay a capture."""
