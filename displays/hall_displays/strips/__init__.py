"""LED strips over windows: what one shows, the bytes it understands, the agent that drives it."""
