----------------------------- MODULE PowLearning ----------------------------
(***************************************************************************)
(* (1,lambda)-Evolutionary Search over proof-of-work leader election.      *)
(*                                                                         *)
(* A block is one step of the search.  The process that wants to mine on a *)
(* block evaluates its lambda tickets on that block's model, puts the      *)
(* ticket of least loss and its loss into the new block, and only then     *)
(* searches for the hash; the winner of the search leads the generation.   *)
(* Everybody who receives the block evaluates the same lambda tickets and  *)
(* refuses it if it says anything else.  A process decides the models of   *)
(* the blocks that have `Depth' blocks on top in its longest chain.        *)
(*                                                                         *)
(* So a block on a chain is an exact (1,lambda) step, whoever mined it:    *)
(* the adversary chooses what to extend and when to publish, and nothing   *)
(* else.  What it can do with that is the subject of LongestChain, which   *)
(* this module refines.                                                    *)
(*                                                                         *)
(* Two assumptions have no counterpart in the implementation's code: that  *)
(* a block names its true miner, and that the network is Synchronous (see  *)
(* LongestChain, also on ties).                                            *)
(***************************************************************************)
EXTENDS EvolutionarySearch

CONSTANTS Depth,            \* k: how many blocks on top decide a block
          Wins,             \* T: how many blocks are mined in all
          ByzantineWins     \* a: how many of them at most by the adversary

VARIABLES blocks,   \* the blocks in the order in which they were mined; a
                    \* block is named by its place, and the genesis by 0
          known,    \* known[p]: the blocks that p has accepted
          tip,      \* tip[p]: the last block of the chain that p has adopted
          loss      \* the losses of the models drawn and still of interest

vars == <<blocks, known, tip, loss>>

(* Lambda, the size of a selection, is the number of a process's tickets. *)
Lambda == Draws

(* What the theorems ask of the depth.  Never assumed: a model in which it *)
(* is smaller shows what goes wrong.                                       *)
DepthIsSafe == ByzantineWins <= Depth \/ Wins <= 2 * Depth + 1
-----------------------------------------------------------------------------
(* THE BLOCK TREE.  A block is an offer with a proof of work:              *)
(*   parent  the block that it extends                                     *)
(*   ticket  the ticket of the next model; its generation is the block's   *)
(*           height, its proposer the miner                                *)
(*   claim   the loss of that model                                        *)

Miner(i) == blocks[i].ticket.proposer
Height(i) == IF i = 0 THEN 0 ELSE blocks[i].ticket.generation

(* The models from the genesis to that of block i.  (The set of one        *)
(* element makes TLC evaluate the parent's models once.)                   *)
RECURSIVE Models(_)
Models(i) ==
    IF i = 0 THEN <<Genesis>>
    ELSE CHOOSE s \in {Append(ms, Offspring(Last(ms), blocks[i].ticket)) :
                            ms \in {Models(blocks[i].parent)}} : TRUE
ModelOf(i) == Last(Models(i))

(* Block i, or the block that stands h below it in its chain. *)
RECURSIVE Ancestor(_, _)
Ancestor(i, h) == IF h = 0 \/ i = 0 THEN i ELSE Ancestor(blocks[i].parent, h - 1)

(* The last block that p decides, and its output. *)
DecidedBlock(p) == Ancestor(tip[p], Depth)
Decided == [p \in Correct |-> Models(DecidedBlock(p))]
-----------------------------------------------------------------------------
(* THE LEARNER.  It accepts a block that passes three checks, in the order *)
(* of their cost.  What the first and the last find is a fact about the    *)
(* block, the same for everybody and for ever (the implementation hashes   *)
(* and evaluates; here `work' and `exact' say what it finds).              *)

(* Its hash is below the target. *)
HasWork(work) == work

(* Its parent is accepted, and its ticket is its miner's own on it. *)
IsOwnTicket(block) ==
    block.ticket \in OwnTickets(Height(block.parent) + 1, block.ticket.proposer)
FollowsParent(p, block) == block.parent \in known[p] /\ IsOwnTicket(block)

(* Lambda evaluations give this ticket and this claim. *)
IsVerified(exact) == exact

Accepts(p, block, work, exact) ==
    HasWork(work) /\ FollowsParent(p, block) /\ IsVerified(exact)

(* p accepts the block named i, and adopts its chain if it is longer. *)
Adopt(p, i, height) ==
    /\ known' = [known EXCEPT ![p] = @ \cup {i}]
    /\ tip' = [tip EXCEPT ![p] = IF height > Height(@) THEN i ELSE @]

(* p receives block i, which has work and is exact. *)
Take(p, i) ==
    /\ i \notin known[p]
    /\ IF Accepts(p, blocks[i], TRUE, TRUE)
       THEN Adopt(p, i, Height(i))
       ELSE UNCHANGED <<known, tip>>
    /\ UNCHANGED blocks
    /\ loss' = Remembered(loss, Decided')
-----------------------------------------------------------------------------
(* THE LANDSCAPE, as far as q explores it when it evaluates its tickets on *)
(* block i: what is remembered, and any losses of the models that nobody   *)
(* has drawn.                                                              *)
IsExact(block, true) ==
    LET parent == ModelOf(block.parent)
        best == BestTicket(true, parent, block.ticket.proposer)
    IN  block.ticket = best /\ block.claim = true[Offspring(parent, best)]

(* (Of a model drawn and forgotten, the blocks that exist must stay exact.) *)
Explored(q, i) ==
    {true \in {Reveal(loss, new) :
                    new \in Landscapes(OwnOffspring(ModelOf(i), q) \ DOMAIN loss)} :
        \A j \in DOMAIN blocks :
            /\ Miner(j) = q
            /\ Height(j) = Height(i) + 1
            /\ ModelOf(blocks[j].parent) = ModelOf(i)
            => IsExact(blocks[j], true)}

(* What is drawn on a model that is itself forgotten is not remembered:    *)
(* where the depth is safe nobody can come to decide it.                   *)
Remember(true, i) ==
    loss' = IF i = 0 \/ ModelOf(i) \in DOMAIN loss THEN Remembered(true, Decided) ELSE loss
-----------------------------------------------------------------------------
Init == /\ blocks = << >>
        /\ known = [p \in Correct |-> {0}]
        /\ tip = [p \in Correct |-> 0]
        /\ loss = << >>

(* Between two wins there is time for the blocks of correct processes. *)
Synchronous == \A i \in DOMAIN blocks :
    Miner(i) \in Correct => \A p \in Correct : i \in known[p]

(* THE ORACLE.  q may win the next block. *)
MayWin(q) ==
    /\ Len(blocks) < Wins
    /\ q \in Byzantine =>
        Cardinality({i \in DOMAIN blocks : Miner(i) \in Byzantine}) < ByzantineWins
    /\ Synchronous

(* q wins the one block that it can mine on i; nobody has received it. *)
Extend(q, i) == \E true \in Explored(q, i) :
    /\ LET best == BestTicket(true, ModelOf(i), q)
       IN  blocks' = Append(blocks, [parent |-> i, ticket |-> best,
                                     claim |-> true[Offspring(ModelOf(i), best)]])
    /\ Remember(true, i)
    /\ UNCHANGED <<known, tip>>

(* CORRECT.  p wins a block and sends it to all, to itself as well. *)
Mine(p) ==
    /\ MayWin(p)
    /\ Extend(p, tip[p])

(* p receives a block of a correct process, or one that a correct process  *)
(* passes on.  If its parent is missing it is refused, and received again. *)
IsKnown(i) == \E p \in Correct : i \in known[p]
Receive(p, i) ==
    /\ i \in DOMAIN blocks
    /\ Miner(i) \in Correct \/ IsKnown(i)
    /\ Take(p, i)

(* ADVERSARY.  b wins a block on any block there is, and withholds it ... *)
ByzantineMine(b) ==
    /\ MayWin(b)
    /\ \E i \in 0 .. Len(blocks) : Extend(b, i)

(* ... until the adversary shows it to p, the first to see it. *)
ByzantinePublish(p, i) ==
    /\ i \in DOMAIN blocks
    /\ Miner(i) \in Byzantine /\ ~IsKnown(i)
    /\ Take(p, i)

(* Everything else that the adversary can send: blocks in Byzantine        *)
(* processes' names with no work, a wrong ticket, or a false claim.        *)
Forgeries ==
    [parent : 0 .. Len(blocks),
     ticket : [generation : 1 .. Wins, proposer : Byzantine, draw : 0 .. Draws],
     claim : Losses]

(* The adversary sends such a block to p.  If p comes to evaluate it, its  *)
(* loss is from now on what it is.  If p accepts it (it never should), it  *)
(* is a block like others; that a refused one costs the adversary a win,   *)
(* if it has work, is not counted, for that can only help the adversary.   *)
ByzantineForge(p) == \E block \in Forgeries, work \in BOOLEAN :
    LET q == block.ticket.proposer
        Send(exact) ==
            /\ ~(work /\ block.parent \in known[p] /\ IsOwnTicket(block) /\ exact)
            /\ IF Accepts(p, block, work, exact)
               THEN /\ blocks' = Append(blocks, block)
                    /\ Adopt(p, Len(blocks) + 1, block.ticket.generation)
               ELSE UNCHANGED <<blocks, known, tip>>
    IN  /\ work => MayWin(q)
        /\ IF HasWork(work) /\ FollowsParent(p, block)
           THEN \E true \in Explored(q, block.parent) :
                    Send(IsExact(block, true)) /\ Remember(true, block.parent)
           ELSE Send(FALSE) /\ UNCHANGED loss
-----------------------------------------------------------------------------
CorrectNext == \/ \E p \in Correct : Mine(p)
               \/ \E p \in Correct, i \in 1 .. Wins : Receive(p, i)

AdversaryNext == \/ \E b \in Byzantine : ByzantineMine(b)
                 \/ \E p \in Correct, i \in 1 .. Wins : ByzantinePublish(p, i)
                 \/ \E p \in Correct : ByzantineForge(p)

Next == CorrectNext \/ AdversaryNext

(* Correct processes win while there is something to win, and what one of  *)
(* them sends or passes on arrives.                                        *)
Fairness ==
    /\ WF_vars(\E p \in Correct : Mine(p))
    /\ \A p \in Correct : WF_vars(\E i \in 1 .. Wins : Receive(p, i))

Spec == Init /\ [][Next]_vars
FairSpec == Spec /\ Fairness
-----------------------------------------------------------------------------
TypeOK ==
    /\ Len(blocks) <= Wins
    /\ \A i \in DOMAIN blocks :
        /\ DOMAIN blocks[i] = {"parent", "ticket", "claim"}
        /\ blocks[i].parent \in 0 .. i - 1
        /\ Height(i) = Height(blocks[i].parent) + 1
        /\ Miner(i) \in Proc
        /\ blocks[i].claim \in Losses
    /\ DOMAIN known = Correct
    /\ \A p \in Correct : known[p] \subseteq 0 .. Len(blocks)
    /\ DOMAIN tip = Correct
    /\ \A p \in Correct : tip[p] \in known[p]
    /\ \A m \in DOMAIN loss : loss[m] \in Losses

(* SAFETY.  P2: where the depth is safe, the outputs agree and only grow.  *)
(* P1: each output is a path of offspring, always.                         *)
Agreement == AgreementOf(Decided)
Integrity == [][\A p \in Correct : IsPrefix(Decided[p], Decided[p]')]_vars
Lineage == LineageOf(Decided)

(* P1: each decided block, a Byzantine miner's too, is the best of all     *)
(* lambda tickets of its miner: an exact (1,lambda) step.  A miner chooses *)
(* none of them: they are given by its name and the generation.            *)
(* (Checked while its loss is remembered: at the latest in the state in    *)
(* which it is decided first.)                                             *)
IsBestOfOwn(i) == \A m \in OwnOffspring(ModelOf(blocks[i].parent), Miner(i)) :
    m \in DOMAIN loss /\ loss[ModelOf(i)] <= loss[m]

RECURSIVE ChainIsExact(_)
ChainIsExact(i) == i = 0 \/
    /\ ModelOf(i) \in DOMAIN loss => IsBestOfOwn(i)
    /\ ChainIsExact(blocks[i].parent)
Resilience == \A p \in Correct : ChainIsExact(DecidedBlock(p))

(* LIVENESS.  Each win of a correct process lengthens everybody's chain,   *)
(* whatever the adversary does, so all but Depth of these generations are  *)
(* decided.                                                                *)
Progress == \A p \in Correct :
    <>(Decisions(Decided[p]) >= Wins - ByzantineWins - Depth)

(* REFINEMENT.  A miner cannot choose among its tickets, so no decided     *)
(* model is worse than lambda offspring that the adversary did not choose. *)
MC == INSTANCE ModelConsensus WITH
    decided <- Decided, Generations <- Wins, Unchosen <- Proc, Rho <- Lambda
RefinesModelConsensus == MC!Spec

LC == INSTANCE LongestChain WITH
    blocks <- [i \in DOMAIN blocks |->
        [parent |-> blocks[i].parent, height |-> Height(i), miner |-> Miner(i)]]
RefinesLongestChain == LC!Spec
-----------------------------------------------------------------------------
THEOREM Spec => [](TypeOK /\ Lineage /\ Resilience)
THEOREM Spec => RefinesLongestChain
THEOREM DepthIsSafe => (Spec => []Agreement /\ Integrity)
THEOREM DepthIsSafe => (Spec => RefinesModelConsensus)
THEOREM FairSpec => Progress
=============================================================================
