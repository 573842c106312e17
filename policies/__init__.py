"""Built-in policy packs, as package data."""
