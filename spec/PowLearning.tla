----------------------------- MODULE PowLearning ----------------------------
(***************************************************************************)
(* Evolutionary search over proof-of-work leader election.                 *)
(*                                                                         *)
(* PowLearner says what a process does with a block.  Here an oracle, the  *)
(* search for hashes, elects the process that appends the next block; the  *)
(* network carries the blocks; and the adversary does what it can.         *)
(*                                                                         *)
(* A block on a chain is its miner's best of lambda, whoever mined it: the *)
(* adversary chooses what to extend and when to publish, and nothing else. *)
(* What it can do with that is the subject of LongestChain, which this     *)
(* module refines.                                                         *)
(*                                                                         *)
(* Two assumptions have no counterpart in the implementation's code: that  *)
(* a block names its true miner, and that the network is Synchronous (see  *)
(* LongestChain, also on ties).                                            *)
(***************************************************************************)
EXTENDS PowLearner

CONSTANTS Wins,             \* T: how many blocks are mined in all
          ByzantineWins     \* a: how many of them at most by the adversary

VARIABLE loss       \* the losses of the models drawn and still of interest

vars == <<blocks, known, tip, loss>>

(* What the theorems ask of the depth.  It is never assumed: a model in    *)
(* which the depth is smaller shows what goes wrong.                       *)
DepthIsSafe == ByzantineWins <= Depth \/ Wins <= 2 * Depth + 1
-----------------------------------------------------------------------------
(* THE LANDSCAPE, as far as q explores it when it evaluates its draws on   *)
(* block i: what is remembered, and any losses of the models that nobody   *)
(* has evaluated.  (If the losses of a model's offspring were found and    *)
(* forgotten, the blocks that exist must stay exact.)                      *)
ExploredOn(i, q) ==
    {landscape \in Explored(loss, ModelOf(i), q) :
        \A j \in DOMAIN blocks :
            /\ Miner(j) = q
            /\ Height(j) = Height(i) + 1
            /\ ModelOf(blocks[j].parent) = ModelOf(i)
            => IsExact(blocks[j], landscape)}

(* What is drawn on a model that is itself forgotten is not remembered:    *)
(* where the depth is safe nobody can come to decide it.                   *)
Remember(landscape, i) == loss' =
    IF i = 0 \/ ModelOf(i) \in DOMAIN loss THEN Remembered(landscape, Decided) ELSE loss

(* After a decision, the losses that nobody needs any more are forgotten. *)
Forget == loss' = Remembered(loss, Decided')
-----------------------------------------------------------------------------
Init == LearnerInit /\ loss = << >>

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
Extend(q, i) == \E landscape \in ExploredOn(i, q) :
    /\ blocks' = Append(blocks, BlockOn(i, q, landscape))
    /\ Remember(landscape, i)
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
    /\ Take(p, i) /\ Forget

(* ADVERSARY.  b wins a block on any block there is, and withholds it ... *)
ByzantineMine(b) ==
    /\ MayWin(b)
    /\ \E i \in 0 .. Len(blocks) : Extend(b, i)

(* ... until the adversary shows it to p, the first to see it. *)
ByzantinePublish(p, i) ==
    /\ i \in DOMAIN blocks
    /\ Miner(i) \in Byzantine /\ ~IsKnown(i)
    /\ Take(p, i) /\ Forget

(* Everything else that the adversary can send: blocks in Byzantine        *)
(* processes' names without work, with a wrong ticket or a false claim.    *)
AnyWeights == [1 .. Draws -> -Largest - 1 .. Largest + 1]
Forgeries ==
    [parent : 0 .. Len(blocks),
     ticket : [generation : 1 .. Wins, proposer : Byzantine, weights : AnyWeights],
     claim : Losses]

(* The adversary sends such a block to p.  If p comes to evaluate it, the  *)
(* losses that it finds are fixed from now on.  If p accepts the block (it *)
(* never should), it is a block like others.  A refused block with work    *)
(* costs the adversary a win; this is not counted, which can only help the *)
(* adversary.                                                              *)
ByzantineForge(p) == \E block \in Forgeries, work \in BOOLEAN :
    LET q == block.ticket.proposer
        Send(exact) ==
            /\ ~(work /\ block.parent \in known[p] /\ IsOwnDraw(block) /\ exact)
            /\ IF Accepts(p, block, work, exact)
               THEN /\ blocks' = Append(blocks, block)
                    /\ Adopt(p, Len(blocks) + 1, block.ticket.generation)
               ELSE UNCHANGED <<blocks, known, tip>>
    IN  /\ work => MayWin(q)
        /\ IF HasWork(work) /\ FollowsParent(p, block)
           THEN \E landscape \in ExploredOn(block.parent, q) :
                    Send(IsExact(block, landscape)) /\ Remember(landscape, block.parent)
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

(* P1: each decided block, a Byzantine miner's too, is as good as all      *)
(* lambda draws of its miner.  A miner chooses none of them: they are      *)
(* given by its name and the generation.  (This is checked while the       *)
(* block's loss is remembered: at the latest in the state in which the     *)
(* block is decided first.)                                                *)
IsBestOfOwn(i) == \A m \in AllDrawn(ModelOf(blocks[i].parent), Miner(i)) :
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

(* REFINEMENT.  A miner cannot choose among its draws, so no decided model *)
(* is worse than lambda proposals that the adversary did not choose.  Who  *)
(* mines a block proposes its model, and a process evaluates the draws of  *)
(* a block to mine it and to accept it.  That is no less than Rho, what it *)
(* could match alone: nobody's work is shared.  (Not counted is what it    *)
(* evaluates of a refused block; that has cost the adversary a win.)       *)
Proposed == {ModelOf(i) : i \in {j \in DOMAIN blocks :
    Miner(j) \in Correct /\ Height(j) > LastCommon(Decided)}}
Evaluations == [p \in Correct |-> ProposalCost *
    (Cardinality(known[p] \ {0}) + Cardinality({i \in DOMAIN blocks : Miner(i) = p}))]
MC == INSTANCE ModelConsensus WITH
    decided <- Decided, proposed <- Proposed, evaluations <- Evaluations,
    Generations <- Wins, Unchosen <- Proc, Rho <- Lambda,
    Work <- 2 * ProposalCost, More <- 2 * ProposalCost * (Depth + ByzantineWins)
RefinesModelConsensus == MC!Spec

LC == INSTANCE LongestChain WITH
    blocks <- [i \in DOMAIN blocks |->
        [parent |-> blocks[i].parent, height |-> Height(i), miner |-> Miner(i)]]
RefinesLongestChain == LC!Spec
-----------------------------------------------------------------------------
(* Proved (z3): pow_learning.  Checked at a bound: MCPowLearning. *)
THEOREM Spec => [](TypeOK /\ Lineage /\ Resilience)
(* Checked at a bound: MCPowLearning, _two, _lambda, _recombines, _forge. *)
THEOREM Spec => RefinesLongestChain
THEOREM DepthIsSafe => (Spec => []Agreement /\ Integrity)
THEOREM DepthIsSafe => (Spec => RefinesModelConsensus)
(* Checked at a bound: MCPowLearning_live. *)
THEOREM FairSpec => Progress
=============================================================================
