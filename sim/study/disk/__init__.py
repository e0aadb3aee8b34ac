"""Runs on disk: folders that appear whole, their names and hashes, where they stand."""
