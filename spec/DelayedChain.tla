---------------------------- MODULE DelayedChain ----------------------------
(***************************************************************************)
(* The longest-chain rule over a network that delays blocks by at most     *)
(* Delta slots.                                                            *)
(*                                                                         *)
(* LongestChain lets the blocks of correct processes arrive between any    *)
(* two wins.  Here time passes in slots.  In a slot any number of blocks   *)
(* are won, by anybody, one after the other.  A correct process's block of *)
(* slot s has reached every correct process when slot s + Delta is over,   *)
(* or earlier if the adversary likes.  Its winner has it at once.  So      *)
(* correct processes can extend different blocks, and fork without any     *)
(* help.  With Delta = 0 and one win a slot this is LongestChain.          *)
(*                                                                         *)
(* PACERS.  A block of a correct process is a pacer if no pacer was won in *)
(* the Delta slots before it, nor before it in its own slot.  Its winner   *)
(* has all earlier pacers, so their heights grow.  Every other block may   *)
(* count as the adversary's: if what is Depth blocks deep is settled then, *)
(* it is settled.                                                          *)
(***************************************************************************)
EXTENDS Naturals, Sequences, FiniteSets

CONSTANTS Correct, Byzantine, Depth, Wins, ByzantineWins,   \* as in LongestChain
          Delta             \* how many slots a block may take

ASSUME DelayedChainAssumption == Delta \in Nat

VARIABLES blocks, known, tip,   \* as in LongestChain
          slots                 \* slots[i]: when block i was won

vars == <<blocks, known, tip, slots>>

Chain == INSTANCE LongestChain

(* The delay of the network.  A model that puts more for it shows that     *)
(* pacers have to be as far apart as blocks are delayed.                   *)
NetworkDelay == Delta
-----------------------------------------------------------------------------
Init == Chain!Init /\ slots = << >>

(* When the next block can be won.  After NetworkDelay slots without a win *)
(* everything has arrived, so a longer pause makes no difference.          *)
NextSlots ==
    IF slots = << >> THEN {1}
    ELSE LET now == slots[Len(slots)] IN now .. now + NetworkDelay + 1

(* What was won more than NetworkDelay slots before t is known to all, and *)
(* a process's own blocks are known to itself.                             *)
HasArrived(t) == \A i \in DOMAIN blocks :
    Chain!IsCorrect(i) => \A p \in Correct :
        slots[i] + NetworkDelay < t \/ blocks[i].miner = p => i \in known[p]

(* THE ORACLE.  q may win a block in slot t. *)
MayWin(q, t) ==
    /\ Len(blocks) < Wins
    /\ q \in Byzantine =>
        Cardinality({i \in DOMAIN blocks : ~Chain!IsCorrect(i)}) < ByzantineWins
    /\ t \in NextSlots
    /\ HasArrived(t)

(* q appends a block to i in slot t. *)
Extend(q, i, t) ==
    /\ MayWin(q, t)
    /\ Chain!Extend(q, i)
    /\ slots' = Append(slots, t)

(* CORRECT.  p wins a block on its tip in some slot, or receives one. *)
Mine(p) == \E t \in NextSlots : Extend(p, tip[p], t)
Receive(p, i) == Chain!Receive(p, i) /\ UNCHANGED slots

(* ADVERSARY.  b wins a block on any block and withholds it, until the     *)
(* adversary shows it to p.                                                *)
ByzantineMine(b, i) == i \in 0 .. Len(blocks) /\ \E t \in NextSlots : Extend(b, i, t)
ByzantinePublish(p, i) == Chain!ByzantinePublish(p, i) /\ UNCHANGED slots

Next == \/ \E p \in Correct : Mine(p)
        \/ \E p \in Correct, i \in 1 .. Wins : Receive(p, i)
        \/ \E b \in Byzantine, i \in 0 .. Wins : ByzantineMine(b, i)
        \/ \E p \in Correct, i \in 1 .. Wins : ByzantinePublish(p, i)

(* What a correct process sends or passes on arrives. *)
Fairness == \A p \in Correct : WF_vars(\E i \in 1 .. Wins : Receive(p, i))

Spec == Init /\ [][Next]_vars
FairSpec == Spec /\ Fairness

(* The same with at most one win in each slot. *)
StartsASlot == slots' # slots =>
    \A i \in DOMAIN slots : slots[i] < slots'[Len(slots')]
SpecOneWinASlot == Init /\ [][Next /\ StartsASlot]_vars
-----------------------------------------------------------------------------
(* THE CONDITION.  The pacers among the first n blocks. *)
RECURSIVE PacersUpTo(_)
PacersUpTo(n) ==
    IF n = 0 THEN {} ELSE
    LET before == PacersUpTo(n - 1)
    IN  IF /\ Chain!IsCorrect(n)
           /\ \A i \in before : slots[i] + Delta < slots[n]
        THEN before \cup {n} ELSE before
Pacers == PacersUpTo(Len(blocks))

(* While the last pacer may be on its way, another block as high can still  *)
(* be adopted: ties are open when block n is won.                          *)
IsOpen(pacers, n) == \E i \in pacers : i <= n /\ slots[n] <= slots[i] + Delta

(* The wins m + 1 to n are bad if there are enough of them for two chains, *)
(* and fewer than half of them are pacers, or half of them while ties are  *)
(* open.                                                                   *)
IsBad(pacers, m, n) ==
    LET paced == Cardinality(pacers \cap (m + 1 .. n))
    IN  /\ n - m >= 2 * (Depth + 1)
        /\ \/ 2 * paced < n - m
           \/ 2 * paced = n - m /\ IsOpen(pacers, n)
NoBadFactor == LET pacers == Pacers
               IN  \A m, n \in 0 .. Len(blocks) : ~IsBad(pacers, m, n)
-----------------------------------------------------------------------------
TypeOK ==
    /\ Chain!TypeOK
    /\ slots \in Seq(Nat)
    /\ Len(slots) = Len(blocks)
    /\ \A i, j \in DOMAIN slots : i <= j => slots[i] <= slots[j]

(* SAFETY.  Each pacer is higher than all earlier ones. *)
PacersRise == \A i, j \in Pacers : i < j => Chain!Height(i) < Chain!Height(j)

(* Everybody's chain is as long as there are pacers, but for the last one, *)
(* which may be on its way.                                                *)
ChainGrowth == \A p \in Correct :
    Chain!Height(tip[p]) + 1 >= Cardinality(Pacers)

(* P2 under a delay: while no factor is bad, two processes decide the same *)
(* blocks, and for ever.                                                   *)
Agreement == Chain!Agreement
Settled == NoBadFactor => Agreement
SettledForEver == [][NoBadFactor => \A p \in Correct :
    Chain!IsPrefix(Chain!DecidedBlocks(p), Chain!DecidedBlocks(p)')]_vars

(* LIVENESS.  Each pacer lengthens everybody's chain. *)
Progress == \A p \in Correct : <>[](Chain!Height(tip[p]) >= Cardinality(Pacers))

(* Without delay, and with one win a slot: see SpecOneWinASlot. *)
RefinesLongestChain == Chain!Spec
-----------------------------------------------------------------------------
(* Proved (z3): delayed_chain.  Checked at a bound: MCDelayedChain. *)
THEOREM Spec => [](PacersRise /\ ChainGrowth /\ Settled) /\ SettledForEver
(* Checked at a bound: MCDelayedChain. *)
THEOREM Spec => []TypeOK
(* Checked at a bound: MCDelayedChain_live. *)
THEOREM FairSpec => Progress
(* Checked at a bound: MCDelayedChain_refines; MCLongestChainIsDelayed is  *)
(* the other direction.                                                    *)
THEOREM Delta = 0 => (SpecOneWinASlot => RefinesLongestChain)
=============================================================================
