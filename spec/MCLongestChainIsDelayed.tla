---------------------- MODULE MCLongestChainIsDelayed -----------------------
(***************************************************************************)
(* LongestChain is DelayedChain without delay and with one win a slot: the *)
(* i-th block is won in slot i.  The condition is then that of processes   *)
(* that keep what they received first.  MCDelayedChain_refines is the      *)
(* other direction.                                                        *)
(***************************************************************************)
EXTENDS MCLongestChainString

SlotOf(i) == i
SameSlot(i) == 1

Delayed == INSTANCE DelayedChain WITH Delta <- 0, slots <- [i \in DOMAIN blocks |-> SlotOf(i)]

RefinesDelayedChain == Delayed!SpecOneWinASlot
IsSameCondition == Delayed!NoBadFactor <=> ~ViolatesIfFirstStays(String, Depth)
=============================================================================
