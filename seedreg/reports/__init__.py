"""How results are told: one file a format, from domain values to text or JSON; nothing is printed here."""
