"""All runs of a study as rows: kept up to date, read back, asked by SQL."""
