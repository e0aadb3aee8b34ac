"""The metrics of a run, a file a subject; ``gather`` puts them together."""
