"""Attacks and accidents in large numbers: each storm does one kind of harm and counts how it ends."""
