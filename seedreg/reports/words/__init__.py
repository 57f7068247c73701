"""The words of values that have a kind, and untrusted text made printable."""
