"""The fields of a scenario file, a file for each subject."""
