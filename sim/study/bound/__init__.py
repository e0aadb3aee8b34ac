"""Hold runs against the least that was possible."""
