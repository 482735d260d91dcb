"""How much Hypothesis tries: the profile ``dev``, or ``ci`` where HYPOTHESIS_PROFILE says so."""

import os

from hypothesis import settings

# A busy machine is slow, not wrong: no deadline for one example.
settings.register_profile("dev", deadline=None, print_blob=True)
# The same examples every time: whether a change is accepted must not depend on luck.
settings.register_profile("ci", settings.get_profile("dev"), derandomize=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))
