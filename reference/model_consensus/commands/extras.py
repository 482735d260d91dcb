"""The packages that only an extra brings, and how it is said that one is missing."""

EXTRAS = {
    "cryptography": "streamlet",
    "matplotlib": "plot",
    "nats": "nats",
    "sklearn": "learn",
    "threadpoolctl": "learn",
    "z3": "proofs",
}
"""The extra that brings a module, by the module's name."""


def missing(module: str) -> str:
    """How to get a module that is not installed."""
    extra = EXTRAS[module]
    return (
        f"{module} is not installed: it comes with the extra '{extra}' "
        f"(in a checkout: pip install '.[{extra}]')"
    )
