"""Many halls: the four-level tree (市、县、乡、村) and what supervisors see of it."""
