"""Tickets on paper: their layout, the printer's bytes, the agent's part, the routes that print."""
