"""The camera worker: a process beside the server that talks to cameras and looks at pictures."""
