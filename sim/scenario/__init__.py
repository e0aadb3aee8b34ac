"""The scenario file: its fields, how it is read, and how its mistakes are reported."""
