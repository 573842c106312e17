"""One module per check; the registry loads them, nothing imports them by name."""
