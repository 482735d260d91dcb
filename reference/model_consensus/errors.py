"""The one base class of every error that this package documents."""


class ModelConsensusError(ValueError):
    """Bad input, said in one line that names what is wrong; the command line exits with 2."""
