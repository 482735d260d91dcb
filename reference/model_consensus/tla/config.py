"""Reading TLC's configuration files, in one place."""

import re

from model_consensus.tla.values import Value, parse

_SECTION = (
    "CONSTANTS? INIT NEXT SPECIFICATION INVARIANTS? PROPERTY PROPERTIES VIEW SYMMETRY ALIAS "
    "CONSTRAINTS? ACTION_CONSTRAINTS? CHECK_DEADLOCK POSTCONDITION _PERIODIC"
).replace(" ", "|")


def checked_properties(config: str) -> list[str]:
    """The names under PROPERTY and PROPERTIES in the text of a configuration file."""
    text = re.sub(r"(?s)\(\*.*?\*\)|\\\*[^\n]*", " ", config)
    sections = re.split(rf"\b({_SECTION})\b", text)
    return [
        name
        for keyword, names in zip(sections[1::2], sections[2::2], strict=True)
        if keyword in ("PROPERTY", "PROPERTIES")
        for name in re.findall(r"[\w!]+", names)
    ]


def constants_of(config: str) -> dict[str, Value]:
    """The constants that the text of a configuration gives values to.

    :raises ModelConsensusError: a value cannot be read.
    """
    constants: dict[str, Value] = {}
    for line in re.sub(r"\\\*.*", "", config).splitlines():
        if found := re.fullmatch(r"\s*(?:CONSTANTS?\s+)?(\w+)\s*=\s*(.+?)\s*", line):
            constants[found[1]] = parse(found[2])
    return constants


PROPERTIES = re.compile(r"(?ms)^(INVARIANTS?|PROPERTY|PROPERTIES)\b.*?(?=^(?:[A-Z]{4,}|\\\*)|\Z)")
"""The part of a configuration that says what TLC is to check."""
