"""Button boxes: rating pads with five keys on a serial line, for desks without a screen pad."""
