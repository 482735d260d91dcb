------------------------ MODULE MCSlotGameNecessity -------------------------
(***************************************************************************)
(* Each assumption of the slot game dropped: Settled must be violated.     *)
(* MCSlotGame_half.cfg and MCSlotGame_threshold.cfg need no operator: with *)
(* half of the wins, or k + 1 of 2(k + 1), Agreement is violated.          *)
(***************************************************************************)
EXTENDS MCSlotGame

(* A correct process extends any chain, be it longest or not. *)
AnyChain == fork.public

(* What a correct process publishes is not known to the next winner yet: a *)
(* delay of one slot.                                                      *)
LongestButTheLast ==
    {b \in fork.public :
        Len(b) >= Height(fork) - (IF string # << >> /\ string[Len(string)] = "h" THEN 1 ELSE 0)}

(* Blocks cost no work: the adversary mines without a win. *)
FreeBlock(b) == /\ Cardinality(fork.blocks) <= Length
                /\ fork' = Mine(fork, b)
                /\ UNCHANGED string
FreeBlocks == \E b \in fork.blocks : FreeBlock(b)
SpecWithFreeBlocks == Init /\ [][Next \/ FreeBlocks]_vars
=============================================================================
