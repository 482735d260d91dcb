"""Pictures of executions: what is drawn is counted in the trace, not in the program's own story."""

import json
import re
import xml.etree.ElementTree as ElementTree
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from model_consensus.adversaries.streamlet import MISBEHAVIOURS
from model_consensus.adversaries.tob import ATTACKS
from model_consensus.commands import cli
from model_consensus.commands.draw import counterexample, write_pictures
from model_consensus.conformance import traces
from model_consensus.conformance.traces import Trace
from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import EvolutionarySearch
from model_consensus.report.diagrams import block_tree, sequence_diagram
from model_consensus.report.events import block_names, tell
from model_consensus.report.shiviz import clocks, host_name, shiviz
from model_consensus.simulation.benchmark_functions import OneMax, Sphere
from model_consensus.simulation.cached_search import CachedSearch
from model_consensus.simulation.setting import Setting
from model_consensus.simulation.streamlet import Conditions, Simulation
from model_consensus.systems.answers import OneLandscape
from model_consensus.systems.tob import TobSystem
from model_consensus.tla.values import Function, function, record
from model_consensus.tob_learner import Rules
from tests.support.places import ROOT
from tests.support.trained import trained_trace

SVG = "{http://www.w3.org/2000/svg}"


def tob(attack: str = "under-claim") -> Trace:
    return trained_trace(
        Setting(protocol="tob", lambda_=3, draws=1, generations=2, attack=attack), OneMax()
    )


def proof_of_work() -> Trace:
    return trained_trace(
        Setting(
            protocol="pow", draws=2, depth=1, wins=8, hashes=2, attack="private-chain", share=0.4
        ),
        OneMax(),
    )


def streamlet() -> Trace:
    names = ("b1", "p1", "p2", "p3")
    one = OneLandscape(CachedSearch(EvolutionarySearch(OneMax(), 1, 3)))
    system = TobSystem(names, names[:1], Rules(3), one, 1, name=bytes.hex)
    attack, misbehaviour = ATTACKS["under-claim"], MISBEHAVIOURS["equivocate"]
    return Simulation(system, one, Conditions(), misbehaviour, attack, 1).traces("s", 30)[0]


def drawn(svg: str) -> Counter[str]:
    """How many elements of each class a picture has."""
    return Counter(
        word
        for element in ElementTree.fromstring(svg).iter()
        for word in element.get("class", "").split()
    )


def all_texts(svg: str) -> list[str]:
    return [each.text or "" for each in ElementTree.fromstring(svg).iter()]


def texts(svg: str, kind: str) -> list[str]:
    root = ElementTree.fromstring(svg)
    return [e.text or "" for e in root.iter(f"{SVG}text") if e.get("class") == kind]


@pytest.mark.parametrize("attack", ["none", "under-claim", "duplicate"])
def test_offers_orders_and_deliveries_are_drawn(attack: str) -> None:
    trace = tob(attack)
    actions = Counter(trace.actions)
    counted = drawn(sequence_diagram(trace))
    orders = actions["Order"] + actions["ByzantineOffer"]
    assert counted["message"] == orders + actions["Deliver"]
    assert counted["event"] == (
        actions["Offer"] + actions["Order"] + 2 * actions["ByzantineOffer"] + actions["Deliver"]
    )
    last: Any = trace.states[-1]["learner"]
    assert counted["ban"] == sum(len(learner["banned"]) for learner in last.values())
    decided = sum(len(learner["decided"]) - 1 for learner in last.values())
    assert counted["decision"] in (decided, decided - counted["ban"])  # both at one delivery
    assert counted["ban"] == (3 if attack == "under-claim" else 0)
    assert texts(sequence_diagram(trace), "lifeline") == ["order", "p1", "p2", "p3", "p4"]


def test_blocks_are_drawn() -> None:
    trace = proof_of_work()
    last: Any = trace.states[-1]
    miners = [block["miner"] for block in last["blocks"]]
    tree, sequence = drawn(block_tree(trace)), drawn(sequence_diagram(trace))
    assert tree["edge"] == len(miners)
    assert tree["block"] == len(miners) + 1
    assert tree["byzantine"] == miners.count("p4") > 0
    assert tree["correct"] == len(miners) - miners.count("p4")
    final = set()
    for tip in last["tip"].values():
        chain = []
        while tip:
            chain.append(tip)
            tip = last["blocks"][tip - 1]["parent"]
        final |= {*chain[1:]}  # depth 1
    assert tree["final"] == len(final) > 0
    received = sum(len(known) - 1 for known in last["known"].values())
    offers = Counter(trace.actions)["MakeOffer"]
    used = sum(ticket["proposer"] != "" for block in last["blocks"] for ticket in block["step"])
    assert sequence["message"] == received + used > received
    assert sequence["event"] == received + len(miners) + offers


def test_bans_lies_and_blends_are_drawn_over_work() -> None:
    setting = Setting(protocol="pow", draws=2, wins=14, hashes=2, attack="false-offers", share=0.3)
    trace = trained_trace(setting, Sphere(16))
    sequence, tree = sequence_diagram(trace), block_tree(trace)
    last: Any = trace.states[-1]
    caught = Counter(trace.actions)["Catch"]
    assert drawn(sequence)["ban"] == caught > 0
    assert [event for event in texts(sequence, "event") if event == "bans p4"] == [
        "bans p4"
    ] * caught
    lies = [event for event in texts(sequence, "event") if ", true loss " in event]
    assert drawn(sequence)["lie"] == len(lies) > 0
    steps = [block["step"] for block in last["blocks"]]
    blends = sum(len(step) > 1 for step in steps)
    public = sum({ticket["proposer"] for ticket in step} == {""} for step in steps)
    for words, blocks in ((" with the blend of nobody", blends), (" with nobody", public)):
        assert sum(words in event for event in texts(sequence, "event")) == blocks > 0
    notes = [note for note in all_texts(tree) if note.startswith("with ")]
    assert len(notes) == len(steps)
    assert notes.count("with nobody") == public
    assert sum(note.count(" ") > 1 for note in notes) == blends


def test_votes_and_finality_are_drawn() -> None:
    trace = streamlet()
    last: Any = trace.states[-1]
    votes = [(p, chain) for p, chains in last["votes"].items() for chain in chains]
    blocks = {chain for _, chain in votes}
    logs: Any = last["log"]
    sequence, tree = drawn(sequence_diagram(trace)), drawn(block_tree(trace))
    assert tree["block"] == len(blocks) + 1
    assert tree["edge"] == len(blocks)
    leaders: Any = last["leader"]
    assert tree["byzantine"] == sum(leaders[chain[-1]["epoch"] - 1] == "b1" for chain in blocks) > 0
    assert sequence["decision"] == sum(map(len, logs.values())) > 0
    own = sum(leaders[chain[-1]["epoch"] - 1] == p for p, chain in votes)
    messages = [
        event for event in texts(sequence_diagram(trace), "event") if event.startswith("broadcasts")
    ]
    assert len(messages) == len(last["pool"])
    # Each vote that is no proposal has come with one; a message leads to the block it stands in.
    payloads = sum(bool(set(chain[-1]["payload"]) & set(last["pool"])) for chain in blocks)
    assert sequence["message"] == len(votes) - own + payloads
    delivered = max(map(len, logs.values()))
    assert tree["final"] >= delivered


@pytest.mark.parametrize("make", [tob, proof_of_work, streamlet])
def test_vector_clocks_are_those_of_happening_before(make: Any) -> None:
    story = tell(make())
    found = clocks(story)
    after: list[set[int]] = []  # by its definition: who can have heard of whom
    for index, event in enumerate(story.events):
        before = {index}
        for earlier in range(index):
            if story.events[earlier].process == event.process or (earlier, index) in story.arrows:
                before |= after[earlier]
        after.append(before)
    for index, clock in enumerate(found):
        heard = Counter(story.events[each].process for each in after[index])
        assert clock == heard
    assert all(cause < effect for cause, effect in story.arrows)


def test_messages_go_from_where_they_were_sent_to_where_they_were_received() -> None:
    trace = tob("duplicate")
    story = tell(trace)
    at: dict[str, list[int]] = {name: [] for name in story.lifelines}
    for index, event in enumerate(story.events):
        if event.process == "order" or event.text.startswith("delivers"):
            at[event.process].append(index)
    # All are delivered in the one order, and each place in it is an offer of one state's inboxes.
    for process in ("p1", "p2", "p3"):
        for ordered, delivered in zip(at["order"], at[process], strict=False):
            assert (ordered, delivered) in story.arrows
            step = story.events[ordered].step
            inbox: Any = trace.states[step - 1]["inbox"]
            sender = inbox[process][-1]["sender"]
            (sent,) = [cause for cause, effect in story.arrows if effect == ordered]
            assert story.events[sent].process == sender
            assert story.events[sent].text.startswith("offers")
    blocks = tell(proof_of_work())
    for cause, effect in blocks.arrows:
        mined, received = blocks.events[cause].text.split(), blocks.events[effect].text.split()
        if mined[0] == "offers":
            assert received[0] == "mines"
            assert f"{blocks.events[cause].process}" in " ".join(received)
            continue
        assert (mined[0], received[0]) == ("mines", "receives")
        assert mined[1] == received[1].strip(",")


def test_the_log_is_what_its_first_line_parses() -> None:
    trace = tob()
    expression, delimiter, *lines = shiviz(tell(trace))
    assert delimiter == ""
    parser = re.compile(expression.replace("(?<", "(?P<"))
    seen: Counter[str] = Counter()
    for line in lines:
        parsed = parser.fullmatch(line)
        assert parsed is not None, line
        host, clock = parsed["host"], json.loads(parsed["clock"])
        seen[host] += 1
        assert clock[host] == seen[host]  # ShiViz wants each host to count by one
        assert all(clock[other] <= seen[other] for other in clock)
        assert 1 < int(parsed["step"]) <= len(trace.states)


def test_names_are_escaped() -> None:
    nasty = '<&"{ \x1b\u03bb'
    offer = record(
        sender=nasty,
        parent="g",
        ticket=record(generation=1, proposer=nasty, weights=(1,)),
        claim=1,
    )
    learner = record(decided=("g",), accepted=(), verified=(), banned=(), offered=0, evaluations=0)
    before = record(
        network=frozenset(), inbox=function({nasty: ()}), learner=function({nasty: learner})
    )
    after = record(
        network=frozenset({offer}), inbox=function({nasty: ()}), learner=function({nasty: learner})
    )
    trace = Trace("<x>", "TobLearning", {}, "g", {}, ["Init", "Offer"], [before, after])
    svg = sequence_diagram(trace)
    assert texts(svg, "lifeline") == ['<&"{ \\x1b\u03bb']
    assert ElementTree.fromstring(svg).findtext(f"{SVG}title") == "<x>"
    *_, line = shiviz(tell(trace))
    assert line.startswith('<&%22%7B%20%1B\u03bb {"<&%22%7B%20%1B\u03bb": 1} 2 offers')


def test_hosts_of_different_processes_are_different() -> None:
    names = ["a b", "a_b", "a\tb", "a%20b", "", "%", "{}", "\u03bb", "\ud800"]
    hosts = [host_name(name) for name in names]
    assert len(set(hosts)) == len(names)
    assert all(re.fullmatch(r"[^\s{}]+", host) for host in hosts)


def test_a_lie_stands_beside_the_true_loss_and_a_decision_names_its_offer() -> None:
    trace = tob("under-claim")
    losses: dict[tuple[Any, Any], set[int]] = {}
    for model in trace.models.values():
        if len(model.step) == 1:
            (ticket,) = cast(Any, model.step)
            losses.setdefault((ticket["generation"], ticket["proposer"]), set()).add(model.loss)
    story = tell(trace)
    lies = [event for event in story.events if event.kind == "lie"]
    assert lies
    assert {event.process for event in lies} == {"p4"}
    for event in lies:
        found = re.fullmatch(r"offers g(\d) draw 0, claim (\d+), true loss (\d+)", event.text)
        assert found is not None, event.text
        assert found[2] != found[3]
        assert int(found[3]) in losses[int(found[1]), "p4"]
    assert drawn(sequence_diagram(trace))["lie"] == len(lies)
    assert not [event for event in tell(tob("none")).events if event.kind == "lie"]
    last: Any = trace.states[-1]["learner"]
    for process in last:
        said = [
            set(re.findall(r"(\w+)'s g(\d)", decision))
            for event in story.events
            if event.process == process
            for decision in re.findall(r"decides (.*)", event.text)
        ]
        steps: Any = [trace.models[model].step for model in last[process]["decided"][1:]]
        assert said == [{(t["proposer"], str(t["generation"])) for t in step} for step in steps]


def test_no_two_blocks_bear_one_name() -> None:
    """Two chains that end with one epoch and one payload, and messages that begin alike."""

    def link(epoch: int, *payload: str) -> Function:
        return record(epoch=epoch, payload=payload)

    long = "a message that is long, "
    votes = frozenset(
        [
            (link(1, "m"),),
            (link(3, "x"),),
            (link(1, "m"), link(3, "x")),
            (link(2, long + "one"),),
            (link(2, long + "two"),),
        ]
    )
    state = record(votes=function({"p1": votes}), log=function({"p1": ()}), pool=frozenset())
    before = record(votes=function({"p1": frozenset()}), log=function({"p1": ()}), pool=frozenset())
    trace = Trace("x", "Streamlet", {}, "", {}, ["Init", "Vote"], [before, state])
    names = list(block_names(trace).values())
    assert len(set(names)) == len(names) == len(votes)
    root = ElementTree.fromstring(block_tree(trace))
    bold = [e.text for e in root.iter(f"{SVG}text") if e.get("font-weight") == "bold"]
    assert sorted(map(str, bold)) == sorted([*names, "genesis", "x"])


def test_what_is_no_trace_of_a_protocol_is_refused() -> None:
    strange = Trace("x", "X", {}, "", {}, ["Init"], [record(x=1)])
    for draw in (sequence_diagram, block_tree):
        with pytest.raises(ModelConsensusError, match=r"x: .* to be drawn"):
            draw(strange)
    broken = replace(tob(), states=[record(inbox=1), record(inbox=2)])
    with pytest.raises(ModelConsensusError, match="has not the values"):
        sequence_diagram(broken)
    blocks = proof_of_work()
    for parent in (1, 99, -1, "x"):  # of the first block: a circle, no block, nonsense
        last: Any = blocks.states[-1]
        changed = (function({**last["blocks"][0], "parent": parent}), *last["blocks"][1:])
        broken = replace(blocks, states=[Function({**last, "blocks": changed})])
        with pytest.raises(ModelConsensusError, match="has not the values"):
            block_tree(broken)
    with pytest.raises(ModelConsensusError, match="no blocks"):
        block_tree(tob())


def test_the_command_writes_the_same_bytes_each_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "run.itf.json"
    traces.write(file, proof_of_work())
    written = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        assert cli.main(["draw", str(file), "--out", str(folder)]) == 0
        written.append({each.name: each.read_bytes() for each in folder.iterdir()})
    assert written[0] == written[1]
    assert sorted(written[0]) == ["run.sequence.svg", "run.shiviz.log", "run.tree.svg"]
    assert cli.main(["draw", str(file), "--states", "0"]) == 2
    assert cli.main(["draw", str(file), "--out", str(file)]) == 2
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.tlc
def test_the_counterexample_of_a_model_is_drawn(tmp_path: Path) -> None:
    trace = counterexample("MCPowNecessity_shallow")
    files = write_pictures(trace, tmp_path, "x")
    assert [file.name for file in files] == ["x.sequence.svg", "x.tree.svg", "x.shiviz.log"]
    last: Any = trace.states[-1]
    counted = drawn(files[1].read_text(encoding="utf-8"))
    assert counted["block"] == len(last["blocks"]) + 1
    assert counted["final"] >= 2  # two decisions that differ, at depth 0


@pytest.mark.tlc
def test_a_counterexample_without_a_common_order_is_not_drawn_as_if_it_had_one() -> None:
    with pytest.raises(ModelConsensusError, match="a run without an order has no picture"):
        sequence_diagram(counterexample("MCTobNecessity_order"))


PICTURES = sorted((ROOT / "docs" / "theorems" / "pictures").glob("*.svg"))


@pytest.mark.tlc
@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.stem)
def test_the_pictures_of_the_theorems_are_fresh(path: Path, tmp_path: Path) -> None:
    write_pictures(counterexample(path.name.split(".")[0]), tmp_path, path.name.split(".")[0])
    assert path.read_text("utf-8") == (tmp_path / path.name).read_text("utf-8"), "make diagrams"
