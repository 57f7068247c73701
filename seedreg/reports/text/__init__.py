"""Results as lines for people, one module per subject."""
