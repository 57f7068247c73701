"""How results are shown: pure functions from domain values to lines, documents and reports."""
