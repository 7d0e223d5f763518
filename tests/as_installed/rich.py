"""No rich, as in an installation: here it came with import-linter.

structlog would load it in every process that starts, for a sixth of a second, and draw each
exception that a test provokes with colours and the values of all its variables.
"""

raise ImportError("an installation has no rich")
