------------------------------ MODULE Consensus -----------------------------
(***************************************************************************)
(* Classical consensus: each correct process outputs at most one value,    *)
(* all output the same, and it is one that has been proposed.              *)
(*                                                                         *)
(* It is the special case of ModelConsensus with one generation and a      *)
(* constant loss; models show the refinement in both directions.           *)
(***************************************************************************)
EXTENDS Naturals, FiniteSets

CONSTANTS Correct,      \* the correct processes
          Value         \* what may be proposed

VARIABLES proposed,     \* the values proposed so far
          output        \* output[p]: the set of values that p has output

vars == <<proposed, output>>

Init == /\ proposed = {}
        /\ output = [p \in Correct |-> {}]
-----------------------------------------------------------------------------
(* v is proposed. *)
Propose(v) ==
    /\ proposed' = proposed \cup {v}
    /\ UNCHANGED output

(* p outputs v. *)
Output(p, v) ==
    /\ v \in proposed
    /\ output[p] = {}
    /\ \A q \in Correct : output[q] \subseteq {v}
    /\ output' = [output EXCEPT ![p] = {v}]
    /\ UNCHANGED proposed

Next == \/ \E v \in Value : Propose(v)
        \/ \E p \in Correct, v \in Value : Output(p, v)

(* A process that can output something does so. *)
Fairness == \A p \in Correct : WF_vars(\E v \in Value : Output(p, v))

Spec == Init /\ [][Next]_vars
FairSpec == Spec /\ Fairness
-----------------------------------------------------------------------------
(* SAFETY. *)
TypeOK == /\ proposed \subseteq Value
          /\ output \in [Correct -> SUBSET Value]

(* A process outputs at most one value ... *)
OneValue == \A p \in Correct : Cardinality(output[p]) <= 1

(* ... once for all. *)
Integrity == [][\A p \in Correct : output[p] \subseteq output'[p]]_vars

(* No two correct processes output different values. *)
Agreement == \A p, q \in Correct : \A v \in output[p], w \in output[q] : v = w

(* What is output was proposed. *)
Validity == \A p \in Correct : output[p] \subseteq proposed

(* LIVENESS.  Every correct process outputs something, if there is         *)
(* anything.                                                               *)
Termination == \A p \in Correct : proposed # {} ~> output[p] # {}
-----------------------------------------------------------------------------
THEOREM Spec => [](TypeOK /\ OneValue /\ Agreement /\ Validity) /\ Integrity
THEOREM FairSpec => Termination
=============================================================================
