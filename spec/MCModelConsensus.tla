-------------------------- MODULE MCModelConsensus --------------------------
(* ModelConsensus on its own. *)
EXTENDS ModelConsensus, TLC

Symmetric == Permutations(Correct)

(* For Count: work plays no part. *)
Uncounted(d) == UNCHANGED evaluations
-----------------------------------------------------------------------------
(* NECESSITY.  Each clause is violated where Decide or Count does not ask  *)
(* for it.                                                                 *)

(* For IsWithOthers: p decides alone.  Agreement is violated. *)
Alone(output, d) == TRUE

(* For Continues: p decides any model that somebody has evaluated.         *)
(* Lineage is violated.                                                    *)
FromAnywhere(model, parent) == TRUE

(* For UsesProposed: p uses what a correct process drew and has not        *)
(* proposed.  Validity is violated.                                        *)
Unasked(model, parent) == TRUE

(* For IsGood: p decides whatever the losses.  Resilience is violated. *)
AnyLoss(landscape, model, parent) == TRUE

(* For StaysWithinWork: p evaluates as much as it likes.  WorkBound is     *)
(* violated.                                                               *)
AnyWork(counts, d) == \A p \in Correct : counts[p] <= 3

(* To ask for more proposals than correct processes evaluate needs no      *)
(* operator: Termination is violated.                                      *)
-----------------------------------------------------------------------------
(* WITNESSES. *)

(* A process is two generations behind another one. *)
NoLaggard == \A p, q \in Correct : Len(decided[p]) < Len(decided[q]) + 2

(* Resilience is no more than it says: an honest proposal of less loss had *)
(* been evaluated when another model was decided.                          *)
NoBetterLeft == \A p \in Correct, i \in 2 .. Generations + 1 :
    i \in DOMAIN decided[p] =>
        \A q \in Correct : \A m \in OwnProposals(decided[p][i - 1], q) \cap DOMAIN loss :
            decided[p][i] \in DOMAIN loss => loss[m] >= loss[decided[p][i]]

(* A blend is decided. *)
NoBlend == \A p \in Correct, i \in 2 .. Generations + 1 :
    i \in DOMAIN decided[p] => Cardinality(Last(decided[p][i])) = 1
=============================================================================
