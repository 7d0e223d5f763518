"""Joining the city's video platform: GB/T 28181, as the lower platform."""
