"""The server: settings, wiring, HTTP entry, command line, supervision and admin pages."""
