"""Whatever is read from outside is understood or refused by its documented error, never otherwise.

Arbitrary bytes, and valid ones with a few bytes changed, cut out or repeated.
"""

import contextlib
import io
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model_consensus.adversaries.tob import ATTACKS
from model_consensus.commands.cli import COMMANDS, main
from model_consensus.conformance import traces
from model_consensus.conformance.trace_fields import TraceError
from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import EvolutionarySearch, Ticket
from model_consensus.simulation.benchmark_functions import OneMax
from model_consensus.simulation.tob import simulate
from model_consensus.streamlet.codec import CodecError, decode, encode
from model_consensus.streamlet.messages import (
    Block,
    Chain,
    Committee,
    Notarization,
    Proposal,
    simulation_key,
)
from model_consensus.streamlet.offers import decode_offer, encode_offer
from model_consensus.systems.answers import OneLandscape
from model_consensus.systems.tob import TobSystem
from model_consensus.tla import manifest
from model_consensus.tla.values import parse, show
from model_consensus.tob_learner import Offer, Rules

FOLDER_OR_BUSY = (HealthCheck.function_scoped_fixture, HealthCheck.too_slow)
"""Each example overwrites the file of the one before; a busy machine is slow, not wrong."""

PUBLIC, SIGN = simulation_key(0, "p1")
COMMITTEE = Committee({"p1": PUBLIC})
OFFER = Offer("p1", bytes(range(32)), Ticket(3, "p1", (2, -1, 0)), 77)
MESSAGE = COMMITTEE.message("p1", SIGN, encode_offer(OFFER))
BLOCK = Block(1, COMMITTEE.genesis, MESSAGE)
VOTE = COMMITTEE.vote("p1", SIGN, BLOCK)
PACKETS = [
    encode(packet)
    for packet in (
        MESSAGE,
        VOTE,
        Proposal(BLOCK, VOTE),
        Chain((Notarization(BLOCK, (VOTE,)),)),
        COMMITTEE.request("p1", SIGN, 1, 0),
    )
]


@st.composite
def damaged(draw: st.DrawFn, valid: st.SearchStrategy[bytes]) -> bytes:
    """Valid bytes after one to three accidents."""
    data = draw(valid)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(data)))
        until = draw(st.integers(at, min(len(data), at + 40)))
        data = (
            data[:at]
            + draw(
                st.sampled_from((b"", data[at:until] * 2, b"\xff", b"\0", b'"', b"[", b"9" * 30))
            )
            + data[until:]
        )
    return data


STARTS = st.sampled_from([b"\x01\x01p\x00\x01a", b"\x03\x01p", b"\x04\x00", b"\x05\x01p"])
"""How packets of four kinds begin; the signatures and digests that follow may be any bytes."""


@settings(max_examples=800)
@given(
    damaged(st.sampled_from(PACKETS))
    | st.binary(max_size=400)
    | st.builds(bytes.__add__, STARTS, st.binary(min_size=60, max_size=120))
)
def test_bytes_are_the_packet_that_encodes_to_them_or_are_refused(data: bytes) -> None:
    try:
        packet = decode(data)
    except CodecError:
        return
    assert encode(packet) == data


@settings(max_examples=300)
@given(st.binary(max_size=120) | damaged(st.just(encode_offer(OFFER))))
def test_a_body_carries_one_offer_or_is_refused(body: bytes) -> None:
    offer = decode_offer("p1", body)
    assert offer is None or encode_offer(offer) == body


def _trace() -> bytes:
    one = OneLandscape(EvolutionarySearch(OneMax(8), 1, 1))
    system = TobSystem(("p1", "p2"), ("p2",), Rules(1), one, 1)
    recorded = traces.record("fuzz", system, simulate(system, one, ATTACKS["under-claim"], 1))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace.itf.json"
        traces.write(path, recorded)
        return path.read_bytes()


TRACE = _trace()
MODELS = (manifest.spec_directory() / "manifest.json").read_bytes()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


@st.composite
def rearranged(draw: st.DrawFn, valid: bytes) -> bytes:
    """A JSON document in which one value somewhere is another one."""
    data: Any = json.loads(valid)
    place: Any = data
    for _ in range(draw(st.integers(0, 6))):
        keys = (
            list(place)
            if isinstance(place, dict)
            else range(len(place))
            if isinstance(place, list)
            else ()
        )
        if not keys:
            break
        key = draw(st.sampled_from(keys))
        if draw(st.booleans()) or not isinstance(place[key], dict | list):
            place[key] = draw(JSON)
            break
        place = place[key]
    return json.dumps(data).encode()


@settings(max_examples=150, suppress_health_check=FOLDER_OR_BUSY)
@given(st.binary(max_size=200) | damaged(st.just(TRACE)) | rearranged(TRACE))
def test_a_trace_is_read_or_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "trace.itf.json"
    path.write_bytes(data)
    with contextlib.suppress(TraceError):
        traces.read(path)


@settings(max_examples=60, suppress_health_check=FOLDER_OR_BUSY)
@given(st.binary(max_size=200) | damaged(st.just(MODELS)) | rearranged(MODELS))
def test_a_manifest_is_read_or_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "manifest.json"
    path.write_bytes(data)
    with contextlib.suppress(ModelConsensusError):
        manifest.load(path)


VALUE = '<<1, [a |-> {2, 3}], "x", (p1 :> TRUE @@ p2 :> FALSE)>>'


@settings(max_examples=200)
@given(st.text(max_size=60) | damaged(st.just(VALUE.encode())).map(lambda b: b.decode("latin-1")))
def test_a_value_is_parsed_or_refused(text: str) -> None:
    try:
        value = parse(text)
    except ModelConsensusError:
        return
    assert parse(show(value)) == value


OPTIONS = """--landscape --processes --byzantine --lambda --attack --seed --draws --share --depth
    --hashes --no-check tob pow streamlet -1 0 1 2 1e9 nan 1/3 0.5 --help hAhA onemax os:system
    no:such under-claim x.itf.json"""
WORDS = st.sampled_from(OPTIONS.split()) | st.text(
    st.characters(exclude_characters="./\\~", exclude_categories=["Cs"]), max_size=6
)  # no folder with files that TLC would be started for


@settings(max_examples=40, suppress_health_check=FOLDER_OR_BUSY)
@given(
    command=st.sampled_from(("run", "check-trace", "settle", "explore", "check")),
    rest=st.lists(WORDS, max_size=6),
)
def test_the_command_line_answers_with_a_status(
    tmp_path_factory: pytest.TempPathFactory, command: str, rest: list[str]
) -> None:
    """0, 1 or 2, and no traceback; a run is kept short."""
    short = ["MCNone"] if command in ("explore", "check") else []
    if command == "run":
        short = ["--generations", "2", "--wins", "3", "--no-check", "--landscape", "onemax"]
        short += ["--out", str(tmp_path_factory.mktemp("out"))]
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            status = main([command, *rest, *short])
        except SystemExit as stop:
            status = int(stop.code or 0)
    assert status in (0, 1, 2)
    assert "Traceback" not in said.getvalue()


def test_the_fuzzed_commands_exist() -> None:
    assert {"run", "check-trace", "settle", "explore", "check"} <= set(COMMANDS)
