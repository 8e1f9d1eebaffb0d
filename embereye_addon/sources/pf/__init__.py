"""PF devices: framing, identity, conversation and the TCP port they dial."""
