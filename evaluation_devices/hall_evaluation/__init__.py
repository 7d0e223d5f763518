"""Rating pads, ratings by phone, and the closed loop of 好差评. Nothing is here yet."""
