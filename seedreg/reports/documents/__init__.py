"""Results as numbered JSON documents, one module per format; docs/schemas has a JSON Schema for each."""
