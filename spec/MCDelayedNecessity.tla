------------------------- MODULE MCDelayedNecessity -------------------------
(***************************************************************************)
(* What DelayedLearning needs.  Each operator here drops one assumption; a *)
(* configuration substitutes it for the operator or the specification that *)
(* its comment names, and then the property that its comment names must be *)
(* violated.                                                               *)
(***************************************************************************)
EXTENDS MCDelayedLearning

(* For WinsIn: blocks take a slot more than Delta.  Settled is violated,   *)
(* with no adversary at all, and so is RefinesDelayedChain.                *)
Late == INSTANCE DelayedChain WITH blocks <- Links, Delta <- Delta + 1
WinsInLate(q, t) == Late!MayWin(q, t) /\ slots' = Append(slots, t) /\ HaveOffered

(* For SpecOneWinASlot: several wins in one slot.  Even without delay this *)
(* is not PowLearning: RefinesPowLearning is violated.                     *)
SpecWinsInASlot == TimedInit /\ [][TimedNext /\ ElseWaits]_timedVars

(* For SpecOneWinASlot: offers while blocks are on their way.  In          *)
(* PowLearning they wait: RefinesPowLearning is violated.                  *)
SpecAtAnyTime == TimedInit /\ [][TimedNext /\ DC!StartsASlot]_timedVars
=============================================================================
