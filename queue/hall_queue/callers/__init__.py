"""Callers: small keyboards at the window for the clerk whose other system has the focus."""
