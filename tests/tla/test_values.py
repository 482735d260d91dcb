"""TLA+ values: what TLC prints, TLA+ text and the ITF encoding, there and back."""

import json
import pickle

import itf_py
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_consensus.errors import ModelConsensusError
from model_consensus.tla.values import (
    Boolean,
    Function,
    Value,
    from_itf,
    function,
    ordered,
    parse,
    parse_state,
    record,
    show,
    to_itf,
)

# Sets and functions of one kind of value, as TLC demands.
ATOMS: list[st.SearchStrategy[Value]] = [st.integers(), st.text(max_size=5)]


def _larger(values: st.SearchStrategy[Value]) -> st.SearchStrategy[Value]:
    keys = st.sampled_from(ATOMS).flatmap(lambda atoms: st.lists(atoms, unique=True, max_size=4))
    return st.one_of(
        st.lists(values, max_size=4).map(tuple),
        st.sampled_from(ATOMS).flatmap(lambda atoms: st.frozensets(atoms, max_size=4)),
        st.frozensets(st.lists(values, max_size=2).map(tuple), max_size=3),
        st.tuples(keys, st.lists(values, min_size=4, max_size=4)).map(
            lambda pair: function(zip(pair[0], pair[1], strict=False))
        ),
        st.dictionaries(st.sampled_from(["a", "b", "cD_1"]), values).map(function),
    )


VALUES: st.SearchStrategy[Value] = st.recursive(
    st.one_of(st.sampled_from(Boolean), *ATOMS), _larger, max_leaves=12
)


@pytest.mark.slow
@given(VALUES)
def test_what_is_shown_is_parsed_to_the_same_value(value: Value) -> None:
    assert parse(show(value)) == value
    assert show(parse(show(value))) == show(value)


@given(VALUES)
def test_itf_round_trip(value: Value) -> None:
    data = json.loads(json.dumps(to_itf(value)))
    assert from_itf(data) == value
    assert to_itf(from_itf(data)) == data


def test_a_boolean_is_not_a_number() -> None:
    """In TLA+ TRUE # 1, whatever holds them; in Python ``True == 1``, with one hash."""
    numbers: list[Value] = [0, 1, (1,), frozenset({1}), record(x=0), Function({0: "a"})]
    booleans: list[Value] = [
        Boolean.FALSE,
        Boolean.TRUE,
        (Boolean.TRUE,),
        frozenset({Boolean.TRUE}),
        record(x=Boolean.FALSE),
        Function({Boolean.FALSE: "a"}),
    ]
    assert len({*numbers, *booleans}) == len(numbers) + len(booleans)
    for data, (number, boolean) in zip(
        ('{"x": %s}', '{"#set": [%s]}', '{"#map": [[%s, "a"]]}'),
        (("0", "false"), ("1", "true"), ("0", "false")),
        strict=True,
    ):
        one, other = (from_itf(json.loads(data % text)) for text in (number, boolean))
        assert one != other
        assert len({one, other}) == len({show(one), show(other)}) == 2
    assert from_itf({"#set": [1, True]}) == frozenset({1, Boolean.TRUE})
    assert from_itf({"#map": [[1, "a"], [True, "b"]]}) == Function({1: "a", Boolean.TRUE: "b"})
    assert parse("{1, TRUE}") == frozenset({1, Boolean.TRUE})
    assert Boolean.TRUE
    assert not Boolean.FALSE


@pytest.mark.parametrize("wrong", [True, 0.5, None, [1], {"a": 1}])
def test_what_is_not_a_value_is_neither_shown_nor_encoded(wrong: object) -> None:
    """Python's own booleans above all."""
    for use in (show, to_itf):
        with pytest.raises(ModelConsensusError, match=r"is not a TLA\+ value"):
            use((wrong,))  # type: ignore[arg-type]
    with pytest.raises(ModelConsensusError, match=r"is not a TLA\+ value"):
        ordered([wrong, "a"])  # type: ignore[list-item]


@given(st.lists(VALUES, max_size=6))
def test_the_order_does_not_depend_on_the_order_given(values: list[Value]) -> None:
    assert [show(v) for v in ordered(values)] == [show(v) for v in ordered(reversed(values))]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("-17", -17),
        ("TRUE", Boolean.TRUE),
        ("FALSE", Boolean.FALSE),
        ("p1", "p1"),
        ('"p1"', "p1"),
        ('""', ""),
        (r'"a\"b\\c\nd"', 'a"b\\c\nd'),
        ('"<<1, }"', "<<1, }"),
        ('"1..3"', "1..3"),
        ("<<>>", ()),
        ("<< >>", ()),
        ("{}", frozenset()),
        ("<<1, <<2>>, {3}>>", (1, (2,), frozenset({3}))),
        ("{-1..2, 5..5}", frozenset({frozenset({-1, 0, 1, 2}), frozenset({5})})),
        ("3..2", frozenset()),
        ("-2..-1", frozenset({-2, -1})),
        ("[a |-> 1, b |-> <<>>]", Function({"a": 1, "b": ()})),
        ("(p1 :> 1 @@ p2 :> {})", Function({"p1": 1, "p2": frozenset()})),
        ("(0 :> TRUE @@ 1 :> FALSE)", Function({0: Boolean.TRUE, 1: Boolean.FALSE})),
        ("(1 :> 7 @@ 2 :> 8)", (7, 8)),
        ("( <<1>> :> 1 @@\n  <<2>> :> 2 )", Function({(1,): 1, (2,): 2})),
        ("(TRUE :> 1)", Function({Boolean.TRUE: 1})),
    ],
)
def test_parse(text: str, value: Value) -> None:
    assert parse(text) == value


@pytest.mark.parametrize(
    "text",
    ["", " ", "<<1", "<<1,>>", "<<1>", "{1", "{1 2}", "{,}", "[a -> 1]", "[a |-> ]", "(1)",
     "[a |-> 1, b]", "[1 :> 2]", "(1 :> 2", "(1 : 2)", "1 2", "x..3", "1..x", '"a', "@@", ")", "'"],
)  # fmt: skip
def test_what_is_not_a_value_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(ModelConsensusError, match=r"^not a TLA\+ value: .*$"):
        parse(text)


def test_state_over_several_lines() -> None:
    text = '/\\ x = (p1 :> 1 @@\n  p2 :> 2)\n/\\ note = "/\\\\ y = 3"\n/\\ z = <<>>\n'
    assert parse_state(text) == {
        "x": Function({"p1": 1, "p2": 2}),
        "note": "/\\ y = 3",
        "z": (),
    }


def test_state_of_one_variable() -> None:
    assert parse_state("x = 1\n") == {"x": 1}


@pytest.mark.parametrize("text", ["", "x", "junk\n/\\ x = 1", "/\\ x = "])
def test_what_is_not_a_state_is_refused(text: str) -> None:
    with pytest.raises(ModelConsensusError):
        parse_state(text)


def test_function_is_a_mapping_with_the_semantics_of_tla() -> None:
    one = Function([("b", 2), ("a", 1)])
    assert one == Function({"a": 1, "b": 2}) == record(a=1, b=2)
    assert one == {"a": 1, "b": 2}
    assert one != Function({"a": 1, "b": 3})
    assert hash(one) == hash(record(a=1, b=2))
    assert list(one) == ["a", "b"]
    assert one["b"] == 2
    assert "c" not in one
    assert len(one) == 2
    assert pickle.loads(pickle.dumps(one)) == one
    with pytest.raises(TypeError):
        one["a"] = 5  # type: ignore[index]


def test_a_sequence_cannot_hide_in_a_function() -> None:
    assert function({}) == ()
    assert function({2: "b", 1: "a"}) == ("a", "b")
    assert function({0: "a", 1: "b"}) == Function({0: "a", 1: "b"})
    for domain in ({}, {1: 0}, {2: 0, 1: 0}):
        with pytest.raises(ModelConsensusError, match="sequence"):
            Function(domain)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (record(b=Boolean.TRUE, a="x"), '[a |-> "x", b |-> TRUE]'),
        (Function({"IF": 1}), '("IF" :> 1)'),
        (Function({2: 1, 0: 1}), "(0 :> 1 @@ 2 :> 1)"),
        (frozenset({10, 9}), "{9, 10}"),
        (frozenset({frozenset({1, 2}), frozenset({3})}), "{{3}, {1, 2}}"),
        ('"\\\n', r'"\"\\\n"'),
    ],
)
def test_show(value: Value, text: str) -> None:
    assert show(value) == text


@pytest.mark.parametrize(
    ("value", "data"),
    [
        (-3, -3),
        ((1 << 53) - 1, 9007199254740991),  # every reader of JSON has these exactly
        (1 - (1 << 53), -9007199254740991),
        (1 << 53, {"#bigint": "9007199254740992"}),
        (-(1 << 53), {"#bigint": "-9007199254740992"}),
        (Boolean.TRUE, True),
        (Boolean.FALSE, False),
        ((1, "a"), {"#tup": [1, "a"]}),
        (frozenset({"b", "a"}), {"#set": ["a", "b"]}),
        (record(x=()), {"x": {"#tup": []}}),
        (Function({0: "a"}), {"#map": [[0, "a"]]}),
    ],
)
def test_itf_encoding(value: Value, data: object) -> None:
    assert to_itf(value) == data
    assert from_itf(data) == value


def test_itf_of_other_tools() -> None:
    assert from_itf([1, {"#bigint": "2"}]) == (1, 2)
    assert from_itf({"#map": []}) == ()
    assert from_itf({"#map": [["p1", 0]]}) == from_itf({"p1": 0})


@pytest.mark.parametrize(
    "data",
    [None, 1.5, {"#bigint": 3}, {"#bigint": "x"}, {"#set": 1}, {"#map": [1]}, {"#map": [[1]]},
     {"#unserializable": "x"}, {"#tup": [], "x": 1}, {"#set": [None]}],
)  # fmt: skip
def test_what_is_not_itf_is_refused(data: object) -> None:
    with pytest.raises(ModelConsensusError, match="ITF"):
        from_itf(data)


def test_agrees_with_the_itf_library() -> None:
    value = record(a=(1, frozenset({2, 3})), f=Function({0: "x", 5: "y"}), ok=Boolean.TRUE)
    decoded = itf_py.value_from_json(to_itf(value))
    assert decoded.a == (1, frozenset({2, 3}))
    assert decoded.f == {0: "x", 5: "y"}
    assert decoded.ok is True
