---------------------------- MODULE LongestChain ----------------------------
(***************************************************************************)
(* Proof-of-work with the longest-chain rule, as a consensus on a growing  *)
(* sequence of blocks; what the blocks carry plays no part.                *)
(*                                                                         *)
(* An oracle, the search for hashes, elects one process after the other to *)
(* append one block to a tree.  A correct process extends the longest      *)
(* chain that it knows, and decides the blocks that have `Depth' blocks on *)
(* top of them in that chain.  The adversary extends any block, and shows  *)
(* its blocks to whom it likes when it likes.                              *)
(*                                                                         *)
(* SYNCHRONY.  Everything rests on one assumption about the network, the   *)
(* operator Synchronous: between two wins there is time for the blocks of  *)
(* correct processes to reach all correct processes.  So each correct      *)
(* process's block is higher than all earlier ones, and only blocks of the *)
(* adversary can stand in the way.  Nothing is assumed about the order in  *)
(* which blocks arrive between two wins, nor about the adversary's blocks, *)
(* which may be known to some correct processes and not to others.         *)
(*                                                                         *)
(* TIES.  A process keeps the chain that it adopted first.  As the         *)
(* adversary orders the deliveries, it decides every tie that is still     *)
(* open; it even shows a block to a miner before the miner's own.  (A host *)
(* that waits while a block of a correct process may be on its way, and    *)
(* then hands over what has come in an order of its own, leaves less to    *)
(* the adversary.  Every such order is allowed here.)                      *)
(***************************************************************************)
EXTENDS Naturals, Sequences, FiniteSets

CONSTANTS Correct,          \* the correct processes
          Byzantine,        \* those that the adversary controls
          Depth,            \* k: how many blocks on top decide a block
          Wins,             \* T: how many blocks are mined in all
          ByzantineWins     \* a: how many of them at most by the adversary

VARIABLES blocks,   \* the blocks in the order in which they were mined; a
                    \* block is named by its place, and the genesis by 0
          known,    \* known[p]: the blocks that p has received
          tip       \* tip[p]: the last block of the chain that p has adopted

vars == <<blocks, known, tip>>

(* What the theorems ask of the depth.  Never assumed: a model in which it *)
(* is smaller shows what goes wrong.                                       *)
DepthIsSafe == ByzantineWins <= Depth \/ Wins <= 2 * Depth + 1

Height(i) == IF i = 0 THEN 0 ELSE blocks[i].height

(* The chain from the first block to i. *)
RECURSIVE Chain(_)
Chain(i) == IF i = 0 THEN << >> ELSE Append(Chain(blocks[i].parent), i)

DecidedBlocks(p) ==
    IF Height(tip[p]) <= Depth THEN << >>
    ELSE SubSeq(Chain(tip[p]), 1, Height(tip[p]) - Depth)

IsCorrect(i) == blocks[i].miner \in Correct
(* The adversary has won block i and shown it to nobody. *)
IsWithheld(i) == ~IsCorrect(i) /\ \A p \in Correct : i \notin known[p]
-----------------------------------------------------------------------------
Init == /\ blocks = << >>
        /\ known = [p \in Correct |-> {0}]
        /\ tip = [p \in Correct |-> 0]

(* Between two wins there is time for the blocks of correct processes. *)
Synchronous == \A i \in DOMAIN blocks :
    IsCorrect(i) => \A p \in Correct : i \in known[p]

(* THE ORACLE.  q may win the next block. *)
MayWin(q) ==
    /\ Len(blocks) < Wins
    /\ q \in Byzantine =>
        Cardinality({i \in DOMAIN blocks : ~IsCorrect(i)}) < ByzantineWins
    /\ Synchronous

(* q appends a block to i; nobody has received it. *)
Extend(q, i) ==
    /\ blocks' = Append(blocks,
                        [parent |-> i, height |-> Height(i) + 1, miner |-> q])
    /\ UNCHANGED <<known, tip>>

(* p accepts i once it knows its parent, and adopts the longer chain. *)
Take(p, i) ==
    /\ i \notin known[p]
    /\ IF blocks[i].parent \in known[p]
       THEN /\ known' = [known EXCEPT ![p] = @ \cup {i}]
            /\ tip' = [tip EXCEPT ![p] = IF Height(i) > Height(@) THEN i ELSE @]
       ELSE UNCHANGED <<known, tip>>
    /\ UNCHANGED blocks

(* CORRECT.  p wins a block and sends it to all, to itself as well. *)
Mine(p) ==
    /\ MayWin(p)
    /\ Extend(p, tip[p])

(* p receives a block of a correct process, or one that a correct process  *)
(* passes on.                                                              *)
Receive(p, i) ==
    /\ i \in DOMAIN blocks
    /\ ~IsWithheld(i)
    /\ Take(p, i)

(* ADVERSARY.  b wins a block on any block there is, and withholds it ... *)
ByzantineMine(b, i) ==
    /\ MayWin(b)
    /\ i \in 0 .. Len(blocks)
    /\ Extend(b, i)

(* ... until the adversary shows it to p, the first to see it. *)
ByzantinePublish(p, i) ==
    /\ i \in DOMAIN blocks
    /\ IsWithheld(i)
    /\ Take(p, i)

CorrectNext == \/ \E p \in Correct : Mine(p)
               \/ \E p \in Correct, i \in 1 .. Wins : Receive(p, i)

AdversaryNext == \/ \E b \in Byzantine, i \in 0 .. Wins : ByzantineMine(b, i)
                 \/ \E p \in Correct, i \in 1 .. Wins : ByzantinePublish(p, i)

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
        /\ blocks[i].parent \in 0 .. i - 1
        /\ blocks[i].height = Height(blocks[i].parent) + 1
        /\ blocks[i].miner \in Correct \cup Byzantine
    /\ known \in [Correct -> SUBSET (0 .. Len(blocks))]
    /\ \A p \in Correct : tip[p] \in known[p]

(* SAFETY.  What a process knows hangs together, and it is on a longest    *)
(* chain of it.                                                            *)
KnownIsTree == \A p \in Correct : \A i \in known[p] \ {0} :
    blocks[i].parent \in known[p]
TipIsLongest == \A p \in Correct : \A i \in known[p] :
    Height(i) <= Height(tip[p])

(* A correct process's block is higher than all earlier ones of correct    *)
(* processes.  This is what synchrony gives.                               *)
DistinctHeights == \A i, j \in DOMAIN blocks :
    i < j /\ IsCorrect(i) /\ IsCorrect(j) => Height(i) < Height(j)

(* P2, P3: two processes decide the same blocks, and for ever.  Whether    *)
(* this holds is a matter of who wins when: DepthIsSafe is the bound that  *)
(* counts wins only.                                                       *)
IsPrefix(s, t) == Len(s) <= Len(t) /\ s = SubSeq(t, 1, Len(s))
Agreement == \A p, q \in Correct :
    \/ IsPrefix(DecidedBlocks(p), DecidedBlocks(q))
    \/ IsPrefix(DecidedBlocks(q), DecidedBlocks(p))
Integrity ==
    [][\A p \in Correct : IsPrefix(DecidedBlocks(p), DecidedBlocks(p)')]_vars

(* LIVENESS.  Each win of a correct process lengthens everybody's chain. *)
Progress == \A p \in Correct : <>(Height(tip[p]) >= Wins - ByzantineWins)
-----------------------------------------------------------------------------
(* Proved (z3): longest_chain.  Checked at a bound: MCLongestChain. *)
THEOREM Spec => [](TypeOK /\ KnownIsTree /\ TipIsLongest /\ DistinctHeights)
(* Checked at a bound: MCLongestChain, _short, _depth2. *)
THEOREM DepthIsSafe => (Spec => []Agreement /\ Integrity)
(* Checked at a bound: MCLongestChain_live. *)
THEOREM FairSpec => Progress
=============================================================================
