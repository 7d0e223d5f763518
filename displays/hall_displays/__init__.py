"""Hall and window screens, voice, and public notices."""
