"""What people may write for a factory, and the address that it means; nothing is imported."""
