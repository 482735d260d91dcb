------------------------------ MODULE SlotGame ------------------------------
(***************************************************************************)
(* The slot game: what an adversary can make of its wins against processes *)
(* that follow a longest chain.                                            *)
(*                                                                         *)
(* Slot by slot somebody wins the right to one block.  A correct process   *)
(* extends a longest chain that it knows and publishes the block at once;  *)
(* what is published is known to all before the next slot.  The adversary  *)
(* extends whatever block it likes, and shows its blocks when it likes.    *)
(* Among equally long chains each process holds the one that suits the     *)
(* adversary.  A process decides what lies k blocks below the end of its   *)
(* chain.                                                                  *)
(*                                                                         *)
(* Which strings of wins allow two decisions that differ?  Module          *)
(* Settlement has the answer; here it is checked in the plainest form of   *)
(* the game.                                                               *)
(***************************************************************************)
EXTENDS Forks

CONSTANTS Length,       \* how many slots are played
          Depths        \* the k's

ASSUME SlotGameAssumption == Length \in Nat /\ Depths \subseteq Nat

VARIABLES string,       \* the slots played
          fork          \* the blocks, and those of them that are public

vars == <<string, fork>>
-----------------------------------------------------------------------------
Init == /\ string = << >>
        /\ fork = NewFork

PlaySlot(symbol) == /\ Len(string) < Length
                    /\ string' = Append(string, symbol)

(* CORRECT.  One wins and extends a longest chain.  Or two win at once. *)
HonestParents == Longest(fork)
HonestBlock(b) == PlaySlot("h") /\ fork' = MineOpenly(fork, b)
TwoBlocks(b, c) == PlaySlot("H") /\ fork' = MineTwo(fork, b, c)

HonestWin == \E b \in HonestParents : HonestBlock(b)
ConcurrentWins == \E p \in ParentsOfTwo(fork) : TwoBlocks(p[1], p[2])

(* ADVERSARY.  It extends any chain and keeps the block.  It shows a chain *)
(* for which some correct process gives up its own.                        *)
AdversaryBlock(b) == PlaySlot("A") /\ fork' = Mine(fork, b)
Show(b) == /\ fork' = Publish(fork, {b})
           /\ UNCHANGED string

AdversaryWin == \E b \in fork.blocks : AdversaryBlock(b)
Publication == \E b \in Held(fork) \ fork.public : Show(b)

(* Strings over {h, A}, and strings over {h, H, A}. *)
Next == HonestWin \/ AdversaryWin \/ Publication
NextWithH == Next \/ ConcurrentWins

Spec == Init /\ [][Next]_vars
SpecWithH == Init /\ [][NextWithH]_vars
-----------------------------------------------------------------------------
TypeOK == /\ string \in Seq({"h", "H", "A"})
          /\ \A b \in fork.blocks : Prefixes(b) \subseteq fork.blocks
          /\ \A b \in fork.public : Prefixes(b) \subseteq fork.public
          /\ fork.public \subseteq fork.blocks

(* Each slot has its block, an H slot two. *)
OneBlockEach == Cardinality(fork.blocks) = 1 + Len(string) + Count(string, "H")

(* SAFETY.  Decisions at depth k agree unless the string has what it takes *)
(* to violate that.                                                        *)
Settled == \A k \in Depths : Agree(fork, k) \/ Violates(string, k)
-----------------------------------------------------------------------------
THEOREM SpecWithH => [](TypeOK /\ OneBlockEach)
THEOREM Spec => []Settled
THEOREM SpecWithH => []Settled      \* checked at a bound; no proof is known to us
=============================================================================
