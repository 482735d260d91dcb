--------------------------- MODULE MCDelayedChain ---------------------------
(* Bounds for DelayedChain: constants, the symmetry, and what necessity    *)
(* models replace.                                                         *)
EXTENDS DelayedChain, TLC

Symmetric == Permutations(Correct)

(* The network is a slot later than the condition allows for. *)
ASlotMore == Delta + 1

(* A factor needs a win more. *)
IsBadIfLonger(pacers, m, n) ==
    /\ n - m >= 2 * (Depth + 1) + 1
    /\ 2 * Cardinality(pacers \cap (m + 1 .. n)) <= n - m

(* Ties are open at the last pacer itself and no longer, as without delay. *)
IsOpenAtOnce(pacers, n) == n \in pacers
=============================================================================
