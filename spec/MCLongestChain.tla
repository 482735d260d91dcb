--------------------------- MODULE MCLongestChain ---------------------------
(* Bounds for LongestChain.  All of them are constants; only the           *)
(* symmetry and the states that must be reachable are added.               *)
EXTENDS LongestChain, TLC

Symmetric == Permutations(Correct) \cup Permutations(Byzantine)

(* Witnesses: invariants that say a state is not reachable, and must fail. *)

(* No two correct processes are on chains that part more than Depth blocks *)
(* below both their ends.                                                  *)
NoDeepFork == \A p, q \in Correct :
    LET c == Chain(tip[p])
        d == Chain(tip[q])
        common == Cardinality({i \in 1 .. Len(c) : i <= Len(d) /\ c[i] = d[i]})
    IN  Len(c) - common < Depth \/ Len(d) - common < Depth

(* Nobody leaves a chain for another one. *)
NoReorganisation == [][\A p \in Correct : IsPrefix(Chain(tip[p]), Chain(tip[p])')]_vars
=============================================================================
