"""ID-card readers at kiosks: a card proves who waits; the number is hashed and forgotten."""
