-------------------------- MODULE MCModelConsensus --------------------------
(* ModelConsensus on its own. *)
EXTENDS ModelConsensus, TLC

Symmetric == Permutations(Correct)
-----------------------------------------------------------------------------
(* NECESSITY.  Decide without one of its conditions. *)

Take(p, model) ==
    LET d == [decided EXCEPT ![p] = Append(@, model)]
    IN  /\ Decisions(decided[p]) < Generations
        /\ decided' = d
        /\ loss' = Remembered(loss, d)

IsOffspring(p, model) == \E q \in Proc : model \in OwnOffspring(Last(decided[p]), q)
IsWithOthers(p, model) == \A q \in Correct :
    LET s == Append(decided[p], model) IN IsPrefix(s, decided[q]) \/ IsPrefix(decided[q], s)
IsGood(p, model) == MatchesUnchosen(loss, model, Last(decided[p]), Unchosen, Rho)

DecideAlone(p, model) ==        \* Agreement is violated
    IsOffspring(p, model) /\ IsGood(p, model) /\ Take(p, model)
DecideAnyModel(p, model) ==     \* Lineage is violated
    IsWithOthers(p, model) /\ IsGood(p, model) /\ Take(p, model)
DecideAnyLoss(p, model) ==      \* Resilience is violated
    IsOffspring(p, model) /\ IsWithOthers(p, model) /\ Take(p, model)

(* To ask for more honest offspring than correct processes draw needs no   *)
(* operator: Termination is violated.                                      *)
-----------------------------------------------------------------------------
(* WITNESSES. *)

(* A process is two generations behind another one. *)
NoLaggard == \A p, q \in Correct : Len(decided[p]) < Len(decided[q]) + 2

(* Resilience is no more than it says: an honest offspring of less loss    *)
(* had been drawn when its sibling was decided.                            *)
NoBetterLeft == \A p \in Correct, i \in 2 .. Generations + 1 :
    i \in DOMAIN decided[p] =>
        \A q \in Correct : \A m \in OwnOffspring(decided[p][i - 1], q) \cap DOMAIN loss :
            loss[m] >= loss[decided[p][i]]
=============================================================================
