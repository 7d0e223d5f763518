"""Passing ratings on to the regional 好差评 system: an outbox and its sender."""
