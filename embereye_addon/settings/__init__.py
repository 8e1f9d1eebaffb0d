"""Settings: declared once in `schema`, checked once, kept in one file."""
