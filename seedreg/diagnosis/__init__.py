"""Why something drifted: which package, and which of its releases."""
