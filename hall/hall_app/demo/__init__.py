"""A fictional city to try the product with: its halls, and people who simulate a working day."""
