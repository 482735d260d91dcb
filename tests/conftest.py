"""What all tests of this folder share."""

from hypothesis import settings

# A busy machine is slow, not wrong: no deadline for one example.
settings.register_profile("default", deadline=None)
settings.load_profile("default")
