"""Which packages builds run with: uv, its cache and index, and the interpreters of this machine."""
