"""Real cameras' stand-ins that nobody of us wrote, and what drives them."""
