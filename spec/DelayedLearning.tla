--------------------------- MODULE DelayedLearning --------------------------
(***************************************************************************)
(* Evolutionary search over proof-of-work leader election, over a network  *)
(* that delays blocks by at most Delta slots.                              *)
(*                                                                         *)
(* The learners, the offers and the adversary are those of PowLearning.    *)
(* The network is that of DelayedChain: time passes in slots, in each of   *)
(* which any number of blocks are won, and a correct process's block of    *)
(* slot s has reached every correct process when slot s + Delta is over.   *)
(* The learners have no clock: the slots are what an observer sees.        *)
(* Offers may be made at any time, and lost.                               *)
(*                                                                         *)
(* Correct processes can lead on different blocks, so they can disagree    *)
(* without any help.  What a block is worth does not depend on the         *)
(* network: P1 holds whatever the delay.  P2 holds while no factor of the  *)
(* wins is bad (see DelayedChain).                                         *)
(***************************************************************************)
EXTENDS PowLearning

CONSTANT Delta      \* how many slots a block may take

ASSUME DelayedLearningAssumption == Delta \in Nat

VARIABLE slots      \* slots[i]: when block i was won

timedVars == <<vars, slots>>

(* The chains of blocks, whatever the blocks carry. *)
DC == INSTANCE DelayedChain WITH blocks <- Links
-----------------------------------------------------------------------------
(* An action of PowLearning has "Timed" after its name here: its guard is  *)
(* another, or the slots stay as they are.                                 *)

TimedInit == Init /\ slots = << >>

(* THE ORACLE.  q may win the next block in slot t, and wins it. *)
MayWinIn(q, t) == HasWinsLeft(q) /\ t \in DC!NextSlots /\ DC!HasArrived(t)
WinsIn(q, t) == MayWinIn(q, t) /\ slots' = Append(slots, t)

(* Offers are made while there are blocks to be won. *)
IsGoingOn == Won < Wins

(* CORRECT.  p offers, catches liars, wins a block or receives one. *)
MakeOfferTimed(p) == IsGoingOn /\ OfferBest(p) /\ UNCHANGED slots
CatchTimed(p) ==
    /\ IsGoingOn
    /\ \E seen \in Collected(p) : CatchAmong(p, seen)
    /\ UNCHANGED slots
MineTimed(p) == \E t \in DC!NextSlots :
    WinsIn(p, t) /\ \E seen \in Collected(p) : Lead(p, seen)
ReceiveTimed(p, i) == Receive(p, i) /\ UNCHANGED slots

(* ADVERSARY.  b offers anything, or wins a block and withholds it, until  *)
(* the adversary shows it to p.                                            *)
ByzantineOfferTimed(b) == IsGoingOn /\ OfferAnything(b) /\ UNCHANGED slots
ByzantineMineTimed(b) == \E t \in DC!NextSlots : WinsIn(b, t) /\ LeadAnyhow(b)
ByzantinePublishTimed(p, i) == ByzantinePublish(p, i) /\ UNCHANGED slots

(* The adversary sends p a block that is not valid.  With work it has been *)
(* won, in the slot of the last block or later.                            *)
Now == IF slots = << >> THEN 1 ELSE slots[Len(slots)]
ByzantineForgeTimed(p) == \E block \in Forgeries, work \in BOOLEAN :
    /\ work => \E t \in DC!NextSlots : MayWinIn(block.miner, t)
    /\ Forge(p, block, work)
    /\ slots' = IF blocks' = blocks THEN slots ELSE Append(slots, Now)
-----------------------------------------------------------------------------
TimedCorrectNext == \/ \E p \in Correct : MakeOfferTimed(p)
                    \/ \E p \in Correct : CatchTimed(p)
                    \/ \E p \in Correct : MineTimed(p)
                    \/ \E p \in Correct, i \in 1 .. Wins : ReceiveTimed(p, i)

TimedAdversaryNext == \/ \E b \in Byzantine : ByzantineOfferTimed(b)
                      \/ \E b \in Byzantine : ByzantineMineTimed(b)
                      \/ \E p \in Correct, i \in 1 .. Wins : ByzantinePublishTimed(p, i)
                      \/ \E p \in Correct : ByzantineForgeTimed(p)

TimedNext == TimedCorrectNext \/ TimedAdversaryNext

TimedSpec == TimedInit /\ [][TimedNext]_timedVars

(* The same with at most one win in each slot, and with time for all else  *)
(* only while nothing is on its way: offers, what is found in them, and    *)
(* blocks that are refused.                                                *)
ElseWaits == UNCHANGED <<slots, known>> => Synchronous
SpecOneWinASlot ==
    TimedInit /\ [][TimedNext /\ DC!StartsASlot /\ ElseWaits]_timedVars
-----------------------------------------------------------------------------
TimedTypeOK ==
    /\ TypeOK
    /\ DC!TypeOK

(* SAFETY.  P2 under a delay: while no factor of the wins is bad, the      *)
(* outputs agree and only grow.                                            *)
Settled == DC!NoBadFactor => Agreement
SettledForEver == [][DC!NoBadFactor =>
    \A p \in Correct : IsPrefix(Decided[p], Decided[p]')]_timedVars

(* REFINEMENT.  To PowLearning from SpecOneWinASlot, without delay. *)
RefinesDelayedChain == DC!Spec
RefinesPowLearning == Spec
-----------------------------------------------------------------------------
(* P1 and what sharing gives, whatever the delay.  Checked at a bound:     *)
(* MCDelayedLearning, _losses, _offers.                                    *)
THEOREM TimedSpec => [](TimedTypeOK /\ Lineage /\ Accuracy /\ Resilience)
THEOREM TimedSpec => IsMinedAtFloor /\ SharesSearch
(* P2 follows from that of DelayedChain, which is proved (z3:              *)
(* delayed_chain).  Checked at a bound: MCDelayedLearning, _settles; while *)
(* no factor is bad it also refines ModelConsensus: _solves.               *)
THEOREM TimedSpec => RefinesDelayedChain
THEOREM TimedSpec => []Settled /\ SettledForEver
(* Checked at a bound: MCDelayedLearning_refines; MCPowLearningIsDelayed   *)
(* is the other direction.                                                 *)
THEOREM Delta = 0 => (SpecOneWinASlot => RefinesPowLearning)
=============================================================================
