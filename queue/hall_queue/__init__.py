"""Tickets, windows, calling policy, waiting times, absence notices and window supervision."""
