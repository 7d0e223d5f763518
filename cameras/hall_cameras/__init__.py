"""Cameras: getting them in, their pictures, their health; facts for others to judge."""
