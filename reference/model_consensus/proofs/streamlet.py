"""Streamlet: consistency for every n > 3f, and any number of epochs.

The transition system is that of ``spec/Streamlet.tla``, with votes kept by block: ``votes[b]`` is
the set of processes that vote for b, and the Byzantine ones vote for every block from the start.
Blocks are those of `streamlet_chains`.

The steps of the proof: quorums meet in a correct process, by counting; a correct process votes once
in an epoch, for chains that never get shorter; so one block of an epoch is notarized, and none
beside the middle one of three in a row; so, by induction on the length, every longer notarized
chain continues it.  ``source[p]`` is a ghost: the last block of the three that p has acted on.
"""

from collections.abc import Callable, Iterator

import z3

from model_consensus.proofs import counting
from model_consensus.proofs.counting import INT, SET, count
from model_consensus.proofs.induction import (
    Action,
    Condition,
    State,
    System,
    Term,
    between,
    inductive,
    larger,
    unchanged,
)
from model_consensus.proofs.search import BYZANTINE, F, N, correct, is_correct
from model_consensus.proofs.streamlet_chains import (
    LENGTH,
    NOT_NEGATIVE,
    Block,
    ancestor,
    chain_lemmas,
    composition,
    epoch,
    is_compatible,
    length,
    unfold,
)

EPOCHS = z3.Int("Epochs")
LEADER = z3.Const("Leader", z3.ArraySort(INT, INT))

VARIABLES = {
    "votes": z3.ArraySort(Block, SET),
    "lock": z3.ArraySort(INT, INT),
    "log": z3.ArraySort(INT, Block),
    "source": z3.ArraySort(INT, Block),  # ghost
}

# --------------------------------------------------------------------------------- votes


def every(body: Callable[..., Term], *names: str) -> Term:
    """``body`` for all blocks."""
    bound = [z3.FreshConst(Block, name) for name in names]
    return z3.ForAll(bound, body(*bound))


def is_quorum(members: Term) -> Term:
    """Two thirds of all processes."""
    return 3 * count(members, N) >= 2 * N


def is_notarized(s: State, b: Term) -> Term:
    """A quorum votes for the block, or it is the genesis."""
    return z3.Or(Block.is_genesis(b), is_quorum(s.votes[b]))


def is_consecutive(b: Term) -> Term:
    """The last of three blocks in a row of consecutive epochs."""
    parent = Block.parent(b)
    return z3.And(
        Block.is_extend(b),
        Block.is_extend(parent),
        epoch(parent) == epoch(b) - 1,
        epoch(Block.parent(parent)) == epoch(b) - 2,
    )


def is_finalizing(s: State, b: Term) -> Term:
    """The block is notarized, the last of three in a row: it finalizes its parent."""
    return z3.And(is_notarized(s, b), is_consecutive(b))


def init(s: State) -> Term:
    """No correct process has voted."""
    return z3.And(
        every(lambda b: s.votes[b] == BYZANTINE, "b"),
        correct(
            lambda p: z3.And(
                s.lock[p] == 0, s.log[p] == Block.genesis, s.source[p] == Block.genesis
            )
        ),
    )


def cast(s: State, t: State, p: Term, parent: Term, e: Term, payload: Term) -> Term:
    """p votes, once in an epoch, on a notarized chain that is not shorter than any it has seen."""
    block = Block.extend(parent, e, payload)
    return z3.And(
        is_correct(p),
        between(1, e, EPOCHS + 1),
        is_notarized(s, parent),
        every(lambda b: z3.Implies(s.votes[b][p], epoch(b) < e), "b"),
        epoch(parent) < e,
        length(parent) >= s.lock[p],
        t.votes == z3.Store(s.votes, block, z3.Store(s.votes[block], p, True)),
        t.lock == z3.Store(s.lock, p, larger(s.lock[p], length(parent))),
        unchanged(s, t, "log", "source"),
    )


def propose(s: State, t: State, p: Term, parent: Term, e: Term, payload: Term) -> Term:
    """A correct leader proposes: that is its vote."""
    return z3.And(p == LEADER[e], cast(s, t, p, parent, e, payload))


def vote(s: State, t: State, p: Term, parent: Term, e: Term, payload: Term) -> Term:
    """p votes for a block of another leader: a correct one has one, a Byzantine one all."""
    block = Block.extend(parent, e, payload)
    return z3.And(
        p != LEADER[e],
        z3.Implies(z3.Not(BYZANTINE[LEADER[e]]), s.votes[block][LEADER[e]]),
        cast(s, t, p, parent, e, payload),
    )


def deliver(s: State, t: State, p: Term, b: Term) -> Term:
    """p sees three in a row, and delivers the next block of the chain that they finalize."""
    position = length(s.log[p])
    return z3.And(
        is_correct(p),
        is_finalizing(s, b),
        position < length(Block.parent(b)),
        ancestor(Block.parent(b), position) == s.log[p],
        t.log == z3.Store(s.log, p, ancestor(b, position + 1)),
        t.lock == z3.Store(s.lock, p, larger(s.lock[p], length(b))),
        t.source == z3.Store(s.source, p, b),
        unchanged(s, t, "votes"),
    )


def broadcast(s: State, t: State) -> Term:
    """A message becomes available to leaders."""
    return unchanged(s, t, *VARIABLES)


# ------------------------------------------------------------------------------ the invariant


def voted(s: State, body: Callable[[Term, Term], Term]) -> Term:
    """``body(p, b)`` for each vote of a correct process."""
    return correct(lambda p: every(lambda b: z3.Implies(s.votes[b][p], body(p, b)), "b"))


def both_voted(s: State, body: Callable[[Term, Term], Term]) -> Term:
    """``body(b, c)`` for any two blocks that some correct process has voted for."""
    return correct(
        lambda p: every(
            lambda b, c: z3.Implies(z3.And(s.votes[b][p], s.votes[c][p]), body(b, c)), "b", "c"
        )
    )


def quorums_meet(s: State, b: Term, c: Term) -> Term:
    """Two quorums have a correct process in common."""
    return z3.Implies(
        z3.And(is_quorum(s.votes[b]), is_quorum(s.votes[c])),
        z3.Not(correct(lambda p: z3.Not(z3.And(s.votes[b][p], s.votes[c][p])))),
    )


def no_rival(s: State, b: Term, c: Term) -> Term:
    """Where a block is finalized, no other one of that length is notarized."""
    return z3.Implies(
        z3.And(is_finalizing(s, b), is_notarized(s, c), length(c) == length(b) - 1),
        c == Block.parent(b),
    )


def continues(s: State, b: Term, c: Term) -> Term:
    """A notarized chain that is long enough continues the finalized one."""
    return z3.Implies(
        z3.And(is_finalizing(s, b), is_notarized(s, c), length(c) >= length(b) - 1),
        ancestor(c, length(b) - 1) == Block.parent(b),
    )


def is_delivered(s: State, p: Term) -> Term:
    """What p has delivered is the beginning of a finalized chain."""
    return z3.Or(
        Block.is_genesis(s.log[p]),
        z3.And(
            is_finalizing(s, s.source[p]),
            length(s.log[p]) < length(s.source[p]),
            s.log[p] == ancestor(s.source[p], length(s.log[p])),
        ),
    )


INVARIANT = {
    "OneVote": lambda s: both_voted(s, lambda b, c: z3.Implies(epoch(b) == epoch(c), b == c)),
    "Lock": lambda s: voted(s, lambda p, b: s.lock[p] >= length(b) - 1),
    "NeverShorter": lambda s: both_voted(
        s, lambda b, c: z3.Implies(epoch(b) < epoch(c), length(b) <= length(c))
    ),
    "VotedBlocks": lambda s: voted(
        s,
        lambda p, b: z3.And(
            Block.is_extend(b),
            epoch(b) >= 1,
            epoch(Block.parent(b)) < epoch(b),
            is_notarized(s, Block.parent(b)),
        ),
    ),
    "QuorumsMeet": lambda s: every(lambda b, c: quorums_meet(s, b, c), "b", "c"),
    "NotarizedBlocks": lambda s: every(
        lambda b: z3.Implies(
            z3.And(is_notarized(s, b), Block.is_extend(b)),
            z3.And(
                epoch(b) >= 1,
                epoch(Block.parent(b)) < epoch(b),
                is_notarized(s, Block.parent(b)),
            ),
        ),
        "b",
    ),
    "OneNotarized": lambda s: every(
        lambda b, c: z3.Implies(
            z3.And(is_notarized(s, b), is_notarized(s, c), epoch(b) == epoch(c)), b == c
        ),
        "b",
        "c",
    ),
    "NoRival": lambda s: every(lambda b, c: no_rival(s, b, c), "b", "c"),
    "Delivered": lambda s: correct(lambda p: is_delivered(s, p)),
}

NEEDS = {
    "OneVote": ("OneVote",),
    "Lock": ("Lock",),
    "NeverShorter": ("Lock", "NeverShorter"),
    "VotedBlocks": ("VotedBlocks",),
    "QuorumsMeet": (),
    "NotarizedBlocks": ("VotedBlocks'", "QuorumsMeet'"),
    "OneNotarized": ("OneVote'", "VotedBlocks'", "QuorumsMeet'"),
    "NoRival": (
        "NeverShorter'",
        "QuorumsMeet'",
        "NotarizedBlocks'",
        "OneNotarized'",
    ),
    "Delivered": ("Delivered",),
}


def meeting(s: State) -> Term:
    """The intersection of any two sets of votes."""
    return every(lambda b, c: counting.intersection(s.votes[b], s.votes[c], BYZANTINE, N), "b", "c")


def cast_hints(s: State, t: State, p: Term, parent: Term, e: Term, payload: Term) -> list[Term]:
    """A vote adds one to its block, and quorums meet."""
    block = Block.extend(parent, e, payload)
    return [counting.insertion(s.votes[block], p, N), meeting(t)]


def deliver_hints(s: State, t: State, p: Term, b: Term) -> list[Term]:
    """The length of what is delivered."""
    position = length(s.log[p])
    return [composition(b, position + 1, position), meeting(t)]


_CAST = {"p": INT, "parent": Block, "e": INT, "payload": INT}

SYSTEM = System(
    name="streamlet",
    variables=VARIABLES,
    init=init,
    actions=(
        Action("Broadcast", broadcast, {}, lambda s, t: [meeting(t)]),
        Action("Propose", propose, _CAST, cast_hints),
        Action("Vote", vote, _CAST, cast_hints),
        Action("Deliver", deliver, {"p": INT, "b": Block}, deliver_hints),
    ),
    invariant=INVARIANT,
    properties={},
    assumptions={
        "N >= 1": N >= 1,
        "F = Cardinality(Byzantine)": count(BYZANTINE, N) == F,
        "MoreThanTwoThirdsCorrect": N > 3 * F,
    },
    facts=(*LENGTH, NOT_NEGATIVE),
    needs=NEEDS,
)


def consistency() -> Iterator[Condition]:
    """From the invariant to consistency, by induction over the blocks."""
    s = SYSTEM.state()
    b, c, d, a1, a2 = (z3.Const(name, Block) for name in ("b", "c", "d", "a1", "a2"))
    child = Block.extend(d, z3.Int("e"), z3.Int("payload"))
    invariant = {k: v for k, v in SYSTEM.holds(s).items() if k in ("NoRival", "NotarizedBlocks")}
    definitions = (*LENGTH, NOT_NEGATIVE)
    place = length(b) - 1
    for name, known, block in (("base", {}, Block.genesis), ("step", {"parent": d}, child)):
        yield Condition(
            f"streamlet: continuation, {name}",
            {**invariant, **{key: continues(s, b, value) for key, value in known.items()}},
            continues(s, b, block),
            (*definitions, unfold(block, place), unfold(Block.parent(b), place)),
        )

    # What is finalized or delivered is the beginning of a chain that ends in three in a row.
    def begins(a: Term, whole: Term) -> Term:
        return z3.And(
            is_finalizing(s, whole), length(a) < length(whole), a == ancestor(whole, length(a))
        )

    yield Condition(
        "streamlet: a finalized block begins its chain",
        {"finalizing": is_finalizing(s, b)},
        begins(Block.parent(b), b),
        (*definitions, unfold(b, place), unfold(Block.parent(b), place)),
    )
    for name, short, long, a in (("first", b, c, a1), ("second", c, b, a2)):
        last = length(short) - 1
        yield Condition(
            f"streamlet: Consistency, {name} chain not longer",
            {
                "first": z3.Or(Block.is_genesis(a1), begins(a1, b)),
                "second": z3.Or(Block.is_genesis(a2), begins(a2, c)),
                "order": length(short) <= length(long),
                "continuation": continues(s, short, long),
            },
            is_compatible(a1, a2),
            (
                *definitions,
                unfold(short, last),
                unfold(Block.parent(short), last),
                composition(short, last, length(a)),
                composition(long, last, length(a)),
                composition(long, length(a2), length(a1)),
                composition(a2, z3.IntVal(0), z3.IntVal(0)),
            ),
        )


def conditions() -> Iterator[Condition]:
    """The verification conditions."""
    yield from chain_lemmas()
    yield from inductive(SYSTEM)
    yield from consistency()
