"""One module per output format; the registry loads them, nothing imports them by name."""
