"""Reading TLC's configuration files: constants, what is checked, comments, and what is wrong."""

from pathlib import Path

import pytest

from model_consensus.errors import ModelConsensusError
from model_consensus.tla.config import parse_config, read_config, without_checks
from tests.support.places import ROOT


def test_the_constants() -> None:
    config = parse_config(r"""
    \* Draws = 7
    (* CONSTANT Draws = 8
       INVARIANT Commented *)
    CONSTANTS
        p1 = p1
        Proc = {p1, b1}     \* two
        Draws = 1  Least = -3
        Names = {"a (* b", "INVARIANT", {}}
        Forgeries <- FewForgeries
        Sum <- [Other] Plus
    CONSTANT Lambda = 2
    INVARIANT TypeOK
    """)
    assert config.constants == {
        "p1": "p1",
        "Proc": frozenset({"p1", "b1"}),
        "Draws": 1,
        "Least": -3,
        "Names": frozenset({"a (* b", "INVARIANT", frozenset()}),
        "Lambda": 2,
    }
    assert config.replaced == ("Forgeries", "Sum")
    assert config.invariants == ("TypeOK",)


@pytest.mark.parametrize(
    ("text", "invariants", "properties"),
    [
        ("SPECIFICATION Spec\nINVARIANT A B\n", ("A", "B"), ()),
        ("PROPERTY P", (), ("P",)),
        ("PROPERTIES P Q \\* R\nINVARIANT I\nPROPERTY S", ("I",), ("P", "Q", "S")),
        ("(* PROPERTY X\n *) PROPERTY\n  P!Q\nCONSTANTS PROPERTYX = 1", (), ("P!Q",)),
        ("INVARIANTS A\n  B \\* INVARIANT C\nINIT D NEXT E", ("A", "B"), ()),
        ("", (), ()),
    ],
)
def test_what_is_checked(
    text: str, invariants: tuple[str, ...], properties: tuple[str, ...]
) -> None:
    config = parse_config(text)
    assert (config.invariants, config.properties) == (invariants, properties)
    assert config.checked == tuple(sorted(invariants + properties))
    rest = parse_config(without_checks(text))
    assert (rest.checked, rest.constants) == ((), config.constants)


def test_what_is_not_checked_stays() -> None:
    text = "INVARIANTS A\n B\nSPECIFICATION Spec\nPROPERTY P\nCONSTRAINT C\nSYMMETRY S"
    assert without_checks(text).split() == ["SPECIFICATION", "Spec", "CONSTRAINT", "C",
                                            "SYMMETRY", "S"]  # fmt: skip
    assert parse_config(text).reductions == ("SYMMETRY",)
    assert parse_config("VIEW V SYMMETRY S").reductions == ("VIEW", "SYMMETRY")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"CONSTANT N", "the constant N is given no value"),
        (b"CONSTANT N = {1, ", "not a TLA+ value"),
        (b"N = 1", "'N' stands before the first section"),
        (b"\xff\xfe", "the file is not UTF-8 text"),
    ],
)
def test_what_is_wrong_is_said_with_the_file(
    content: bytes, complaint: str, tmp_path: Path
) -> None:
    path = tmp_path / "Mine.cfg"
    path.write_bytes(content)
    with pytest.raises(ModelConsensusError) as caught:
        read_config(path)
    assert str(caught.value).startswith(f"{path}: {complaint}")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelConsensusError, match=r"Nowhere\.cfg: No such file"):
        read_config(tmp_path / "Nowhere.cfg")


def test_every_configuration_of_the_specifications_is_read() -> None:
    for path in (ROOT / "spec").glob("*.cfg"):
        read_config(path)
