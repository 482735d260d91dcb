"""A node of Streamlet (Chan and Shi, 2020), without input or output: ``Streamlet.tla`` in Python.

Time goes by in epochs, each with a leader.  The leader proposes one block on a longest notarized
chain that it has seen; a node votes at most once in an epoch, for a block of the leader on a
longest notarized chain that the node has seen.  Two thirds of all votes notarize a block.  Three
notarized blocks in a row of consecutive epochs finalize the second and all before it.

The rule of this file: every function takes a :class:`Node` and returns another one, with the
packets that it wants sent; nothing here reads a clock, opens a socket or draws a random number.
The host runs the clock (:func:`begin`), carries packets (:func:`receive`), and takes what is
finalized (:func:`deliver`).  One rule binds it: **persist** ``node.durable`` **before sending
anything** that a call returned.  A node made by :func:`restart` from what was persisted then never
votes twice in an epoch, nor on a chain shorter than one that it acted on.

Packets come from anybody.  A packet that is of no use leaves the node as it was.  What a node keeps
for others is bounded: for each process one vote in each epoch of a window and ``PENDING`` messages,
and one proposal in each epoch of the window.  Notarized blocks need votes of correct processes:
there is at most one in an epoch.  The delivered log is kept whole, to serve those who are behind.
"""

from dataclasses import replace

from model_consensus.errors import ModelConsensusError
from model_consensus.evolutionary_search import Digest
from model_consensus.streamlet.messages import (
    MAX_LINKS,
    Block,
    Chain,
    Message,
    Notarization,
    Packet,
    Proposal,
    Request,
    Vote,
    sorted_votes,
)
from model_consensus.streamlet.state import (
    Durable,
    Identity,
    Node,
    Send,
    Step,
    add,
    best,
    chain,
    epoch_of,
    is_fresh,
    is_longest,
    stands,
)

WINDOW = 8
"""Epochs before the current one whose votes and proposals a node still keeps."""

PENDING = 8
"""Messages of one process that wait in a node for a block."""


# ------------------------------------------------------------------ what the host calls


def restart(me: Identity, durable: Durable) -> Node:
    """The node that starts from what was persisted; a new node starts from ``Durable()``."""
    genesis = me.committee.genesis
    node = Node(durable, {genesis: 0}, genesis, pending={me.process: durable.outgoing})
    for link in durable.log:
        node = add(node, link)
    return node


def broadcast(me: Identity, node: Node, body: bytes) -> Step:
    """Broadcast a message; it is sent again in each epoch until it is delivered.

    :raises ModelConsensusError: the body is too long, or ``PENDING`` messages of this node wait.
    """
    message = me.committee.message(me.process, me.sign, body)
    outgoing = node.durable.outgoing
    if message in outgoing or _is_delivered(node, message):
        return node, ()
    if len(outgoing) >= PENDING:
        raise ModelConsensusError(f"{me.process} has {PENDING} messages that wait for a block")
    outgoing = (*outgoing, message)
    node = replace(
        node,
        durable=replace(node.durable, outgoing=outgoing),
        pending={**node.pending, me.process: outgoing},
    )
    return node, (Send(None, message),)


def begin(me: Identity, node: Node, epoch: int) -> Step:
    """Enter ``epoch``.  A call for the current or an earlier epoch changes nothing.

    The node shows all others the chain that it has seen beyond its log, and its own messages.  A
    leader proposes.
    """
    if epoch <= node.epoch:
        return node, ()
    node = enter(node, epoch)
    tip = best(node)
    seen = chain(node, tip)[len(node.durable.log) :][-MAX_LINKS:]
    out = [Send(None, message) for message in node.durable.outgoing]
    out += [Send(None, Chain(seen))] if seen else []
    if me.committee.leader(epoch) == me.process:
        node, sent = propose(me, node, tip, choose(node, tip))
        out += sent
    node, sent = _progress(me, node)
    return node, (*out, *sent)


def enter(node: Node, epoch: int) -> Node:
    """The node in ``epoch``; it has forgotten what is too old."""
    oldest = epoch - WINDOW
    return replace(
        node,
        epoch=epoch,
        proposals={e: block for e, block in node.proposals.items() if e >= oldest},
        votes={key: vote for key, vote in node.votes.items() if key[0] >= oldest},
        asked=frozenset(),
        answered=frozenset(),
    )


def receive(me: Identity, node: Node, packet: Packet) -> Step:
    """The node after the arrival of ``packet``, whoever sent it."""
    match packet:
        case Message():
            return on_message(me, node, packet), ()
        case Proposal():
            return on_proposal(me, node, packet)
        case Vote():
            return _progress(me, _keep_vote(me, node, packet))
        case Chain():
            return on_chain(me, node, packet)
        case Request():
            return on_request(me, node, packet)


def deliver(node: Node) -> tuple[Node, Block | None]:
    """Deliver the next block of the final chain; None if every final block is delivered."""
    final = chain(node, node.finalizing)[:-1]
    log = node.durable.log
    if len(final) <= len(log):
        return node, None
    link = final[len(log)]
    message = link.block.payload
    durable = replace(
        node.durable,
        lock=max(node.durable.lock, len(final) + 1),
        log=(*log, link),
        outgoing=tuple(m for m in node.durable.outgoing if m != message),
    )
    pending = dict(node.pending)
    if message is not None:
        pending[message.sender] = tuple(m for m in pending.get(message.sender, ()) if m != message)
    return replace(node, durable=durable, pending=pending), link.block


# ------------------------------------------------------------------ the protocol


def may_vote(me: Identity, node: Node, block: Block) -> bool:
    """Whether the rules allow a vote for ``block``, whose proposer has been checked."""
    return (
        block.epoch == node.epoch
        and node.durable.voted < block.epoch
        and block.parent in node.lengths
        and epoch_of(node, block.parent) < block.epoch
        and is_longest(node, block.parent)
        and (
            block.payload is None
            or (
                is_fresh(node, block.parent, block.payload)
                and me.committee.is_authentic(block.payload)
            )
        )
    )


def choose(node: Node, parent: Digest) -> Message | None:
    """What a leader puts into its block on ``parent``.

    It is the oldest message of the sender whose last message in the chain lies farthest back, so
    nobody can keep another's messages out by sending many.
    """
    last = {
        link.block.payload.sender: position
        for position, link in enumerate(chain(node, parent))
        if link.block.payload is not None
    }
    for sender in sorted(node.pending, key=lambda process: (last.get(process, -1), process)):
        for message in node.pending[sender]:
            if is_fresh(node, parent, message):
                return message
    return None


def propose(me: Identity, node: Node, parent: Digest, payload: Message | None) -> Step:
    """The leader of the epoch proposes its block and so votes for it; others do nothing."""
    block = Block(node.epoch, parent, payload)
    if me.committee.leader(node.epoch) != me.process or not may_vote(me, node, block):
        return node, ()
    node, vote = _cast(me, node, block)
    node = replace(node, proposals={**node.proposals, block.epoch: block})
    return node, (Send(None, Proposal(block, vote)),)


def on_message(me: Identity, node: Node, message: Message) -> Node:
    """Keep an authentic message that is new, if its sender has not too many waiting."""
    waiting = node.pending.get(message.sender, ())
    if (
        len(waiting) >= PENDING
        or message in waiting
        or _is_delivered(node, message)
        or not me.committee.is_authentic(message)
    ):
        return node
    return replace(node, pending={**node.pending, message.sender: (*waiting, message)})


def on_proposal(me: Identity, node: Node, proposal: Proposal) -> Step:
    """Keep the first proposal of an epoch's leader, and vote if it is time; ask for its parents."""
    block, vote = proposal.block, proposal.vote
    if (
        not _is_near(node, block.epoch)
        or block.epoch in node.proposals
        or vote.voter != me.committee.leader(block.epoch)
        or (vote.epoch, vote.block) != (block.epoch, block.digest)
        or not me.committee.is_authentic(vote)
    ):
        return node, ()
    node = replace(node, proposals={**node.proposals, block.epoch: block})
    node, out = _progress(me, _keep_vote(me, node, vote))
    if block.parent in node.lengths or vote.voter in node.asked:
        return node, out
    node = replace(node, asked=node.asked | {vote.voter})
    request = me.committee.request(me.process, me.sign, node.epoch, len(node.durable.log))
    return node, (*out, Send(vote.voter, request))


def on_chain(me: Identity, node: Node, packet: Chain) -> Step:
    """Take the notarized blocks that stand on known ones, as far as their votes are in order."""
    for link in packet.links[:MAX_LINKS]:
        block = link.block
        if block.digest in node.lengths:
            continue
        if not stands(node, block) or not me.committee.is_certified(link):
            break
        node = add(node, link)
    return _progress(me, node)


def on_request(me: Identity, node: Node, request: Request) -> Step:
    """Send a process that is behind the blocks that it asks for, once in an epoch.

    That process gets ``MAX_LINKS`` blocks beyond its log, and from :func:`begin` as many before the
    tip.  It catches up if no more blocks than these are notarized and not yet final.
    """
    if (
        request.sender in node.answered
        or not _is_near(node, request.epoch)
        or not me.committee.is_authentic(request)
    ):
        return node, ()
    node = replace(node, answered=node.answered | {request.sender})
    links = chain(node, best(node))[request.length :][:MAX_LINKS]
    return node, (Send(request.sender, Chain(links)),) if links else ()


def _is_near(node: Node, epoch: int) -> bool:
    """Whether packets of ``epoch`` are of use: clocks differ by at most one epoch."""
    return max(1, node.epoch - WINDOW) <= epoch <= node.epoch + 1


def _is_delivered(node: Node, message: Message) -> bool:
    return any(link.block.payload == message for link in node.durable.log)


def _keep_vote(me: Identity, node: Node, vote: Vote) -> Node:
    key = (vote.epoch, vote.voter)
    if key in node.votes or not _is_near(node, vote.epoch) or not me.committee.is_authentic(vote):
        return node
    return replace(node, votes={**node.votes, key: vote})


def _cast(me: Identity, node: Node, block: Block) -> tuple[Node, Vote]:
    """Vote for ``block``, which :func:`may_vote` allows."""
    vote = me.committee.vote(me.process, me.sign, block)
    lock = max(node.durable.lock, node.lengths[block.parent])
    node = replace(
        node,
        durable=replace(node.durable, voted=block.epoch, lock=lock),
        votes={**node.votes, (block.epoch, me.process): vote},
    )
    return node, vote


def _progress(me: Identity, node: Node) -> Step:
    """Notarize the proposals that have the votes, and vote for the current one if it is time."""
    for block in sorted(node.proposals.values(), key=lambda block: block.epoch):
        votes = [
            vote
            for (epoch, _), vote in node.votes.items()
            if epoch == block.epoch and vote.block == block.digest
        ]
        if (
            block.digest not in node.lengths
            and stands(node, block)
            and me.committee.is_quorum(len(votes))
        ):
            node = add(node, Notarization(block, sorted_votes(votes)))
    current = node.proposals.get(node.epoch)
    if current is None or not may_vote(me, node, current):
        return node, ()
    node, vote = _cast(me, node, current)
    node, out = _progress(me, node)
    return node, (Send(None, vote), *out)
