----------------------------- MODULE MCConsensus ----------------------------
(* Consensus on its own. *)
EXTENDS Consensus, TLC

(* Everybody's value is named after its owner. *)
OwnName == [p \in Proc |-> {p}]

(* NECESSITY.  A process does not care what others have output: Agreement  *)
(* is violated.                                                            *)
OutputAlone(p, v) ==
    /\ v \in proposed
    /\ output[p] = {}
    /\ output' = [output EXCEPT ![p] = {v}]
    /\ UNCHANGED proposed

(* A process outputs what nobody has proposed: Validity is violated. *)
OutputAny(p) == \E v \in Value :
    /\ output[p] = {}
    /\ \A q \in Correct : output[q] \subseteq {v}
    /\ output' = [output EXCEPT ![p] = {v}]
    /\ UNCHANGED proposed

(* WITNESS.  One process has output a value before another one, and after  *)
(* two were proposed.                                                      *)
NoProgress == \A p, q \in Correct :
    ~(Cardinality(proposed) = 2 /\ output[p] # {} /\ output[q] = {})
=============================================================================
