------------------------------ MODULE Consensus -----------------------------
(***************************************************************************)
(* Classical consensus with authenticated proposals: each correct process  *)
(* outputs at most one value, all output the same, and it is one that its  *)
(* owner has proposed.                                                     *)
(*                                                                         *)
(* It is the special case of ModelConsensus with one generation and a      *)
(* constant loss; models show the refinement in both directions.           *)
(***************************************************************************)
EXTENDS Naturals, FiniteSets

CONSTANTS Correct,      \* the correct processes
          Byzantine,    \* those that the adversary controls
          Own           \* Own[p]: the values that p can propose, and nobody else

Proc == Correct \cup Byzantine
Value == UNION {Own[p] : p \in Proc}

ASSUME ConsensusAssumption ==
    \A p, q \in Proc : p # q => Own[p] \cap Own[q] = {}

VARIABLES proposed,     \* the values proposed so far
          output        \* output[p]: the set of values that p has output

vars == <<proposed, output>>

Init == /\ proposed = {}
        /\ output = [p \in Correct |-> {}]
-----------------------------------------------------------------------------
(* p proposes one of its values. *)
Propose(p) == \E v \in Own[p] :
    /\ proposed' = proposed \cup {v}
    /\ UNCHANGED output

(* p outputs v. *)
Output(p, v) ==
    /\ v \in proposed
    /\ output[p] = {}
    /\ \A q \in Correct : output[q] \subseteq {v}
    /\ output' = [output EXCEPT ![p] = {v}]
    /\ UNCHANGED proposed

OutputSome(p) == \E v \in proposed : Output(p, v)

Next == \/ \E p \in Proc : Propose(p)
        \/ \E p \in Correct : OutputSome(p)

(* A process that can output something does so. *)
Fairness == \A p \in Correct : WF_vars(OutputSome(p))

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

(* What is output was proposed, and so by the process whose it is. *)
Validity == \A p \in Correct : output[p] \subseteq proposed

(* LIVENESS.  Every correct process outputs something, if there is         *)
(* anything.                                                               *)
Termination == \A p \in Correct : proposed # {} ~> output[p] # {}
-----------------------------------------------------------------------------
(* Checked at a bound: MCConsensus. *)
THEOREM Spec => [](TypeOK /\ OneValue /\ Agreement /\ Validity) /\ Integrity
THEOREM FairSpec => Termination
=============================================================================
