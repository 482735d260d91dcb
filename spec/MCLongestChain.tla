--------------------------- MODULE MCLongestChain ---------------------------
(* Bounds for LongestChain: constants, and the symmetry. *)
EXTENDS LongestChain, TLC

Symmetric == Permutations(Correct)
=============================================================================
