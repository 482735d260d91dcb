"""``python -m model_consensus`` is the command ``model-consensus``."""

import sys

from model_consensus.commands.cli import main

sys.exit(main())
