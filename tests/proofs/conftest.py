"""Without z3 there is nothing to prove with: these tests are then left out."""

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("z3") else ["test_*.py"]
