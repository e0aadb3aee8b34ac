"""What there is to compute: jobs as columns, drawn at random or read from traces."""
