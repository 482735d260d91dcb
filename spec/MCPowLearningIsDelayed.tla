----------------------- MODULE MCPowLearningIsDelayed -----------------------
(***************************************************************************)
(* PowLearning is DelayedLearning without delay and with one win a slot:   *)
(* the i-th block is won in slot i.  MCDelayedLearning_refines is the      *)
(* other direction.                                                        *)
(***************************************************************************)
EXTENDS MCPowLearning

SlotOf(i) == i
SameSlot(i) == 1

Delayed == INSTANCE DelayedLearning WITH
    Delta <- 0, slots <- [i \in DOMAIN blocks |-> SlotOf(i)]

RefinesDelayedLearning == Delayed!SpecOneWinASlot
=============================================================================
