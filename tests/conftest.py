"""What all tests share."""

from hypothesis import settings

# How long an example takes says nothing on a busy machine; speed has its place in tests/bench.
settings.register_profile("gridloom", deadline=None)
settings.load_profile("gridloom")
