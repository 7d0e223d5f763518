"""Whether somebody is in a window's zone: presence only, no faces, no identity."""
