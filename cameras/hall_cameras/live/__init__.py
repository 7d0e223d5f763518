"""Live view: a camera's own stream to whoever looks, never decoded on its way."""
