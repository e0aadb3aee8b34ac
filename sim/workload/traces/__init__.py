"""Jobs and requests that really happened: the user's own CSV file, and public trace formats."""
