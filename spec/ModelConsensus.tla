--------------------------- MODULE ModelConsensus ---------------------------
(***************************************************************************)
(* Model-consensus: what Byzantine-resilient learning has to achieve, with *)
(* no word on how.                                                         *)
(*                                                                         *)
(* Each correct process outputs a growing sequence of models that starts   *)
(* at the genesis model.  The idea and the name are those of Kucharavy,    *)
(* Monti, Guerraoui and Dolamic (arXiv 2304.13540); this formalisation is  *)
(* ours.                                                                   *)
(*                                                                         *)
(* The state is what has been drawn and what has been decided.  A process  *)
(* may decide any model for which Agreement, Lineage and Resilience hold   *)
(* afterwards: this is the most general algorithm, and every other one     *)
(* refines it.                                                             *)
(***************************************************************************)
EXTENDS EvolutionarySearch

CONSTANTS Generations,  \* how many generations are to be decided
          Unchosen,     \* the processes whose tickets the adversary does not
                        \* choose: at least the correct ones
          Rho           \* the resilience: how many offspring by their tickets
                        \* a decided model has to match

ASSUME ModelConsensusAssumption ==
    /\ Generations \in Nat
    /\ Correct \subseteq Unchosen /\ Unchosen \subseteq Proc
    /\ Rho \in Nat

VARIABLES loss,         \* the losses of the models drawn and still of interest
          decided       \* decided[p]: the sequence of models that p has decided

vars == <<loss, decided>>

Init == /\ loss = << >>
        /\ decided = [p \in Correct |-> <<Genesis>>]
-----------------------------------------------------------------------------
(* Some tickets of q are evaluated on a model that has been drawn itself. *)
DrawOn(parent, q) ==
    /\ Generation(parent) < Generations
    /\ \E models \in SUBSET OwnOffspring(parent, q) :
       \E new \in Landscapes(models) : loss' = Reveal(loss, new)
    /\ UNCHANGED decided

Draw(q) == \E parent \in DOMAIN loss \cup {Genesis} : DrawOn(parent, q)

(* p decides its next model. *)
DecideModel(p, model) ==
    LET d == [decided EXCEPT ![p] = Append(@, model)]
    IN  /\ Decisions(decided[p]) < Generations
        /\ \E q \in Proc : model \in OwnOffspring(Last(decided[p]), q)
        /\ \A q \in Correct : IsPrefix(d[p], d[q]) \/ IsPrefix(d[q], d[p])
        /\ MatchesUnchosen(loss, model, Last(decided[p]), Unchosen, Rho)
        /\ decided' = d
        /\ loss' = Remembered(loss, d)

Decide(p) == \E model \in DOMAIN loss : DecideModel(p, model)

Next == \/ \E q \in Proc : Draw(q)
        \/ \E p \in Correct : Decide(p)

(* Fair to the deciding processes, if somebody goes on drawing. *)
Fairness == \A p \in Correct :
    /\ WF_vars(DrawOn(Last(decided[p]), p))
    /\ WF_vars(Decide(p))

Spec == Init /\ [][Next]_vars
FairSpec == Spec /\ Fairness
-----------------------------------------------------------------------------
TypeOK == /\ \A m \in DOMAIN loss : loss[m] \in Losses
          /\ DOMAIN decided = Correct
          /\ \A p \in Correct : Decisions(decided[p]) \in 0 .. Generations

(* Safety.  Integrity: what has been decided stays decided. *)
Integrity == [][\A p \in Correct : IsPrefix(decided[p], decided'[p])]_vars

Agreement == AgreementOf(decided)
Lineage == LineageOf(decided)
Resilience == \A p \in Correct : \A i \in 2 .. Len(decided[p]) :
    decided[p][i] \in DOMAIN loss =>
        MatchesUnchosen(loss, decided[p][i], decided[p][i - 1], Unchosen, Rho)
(* Enough tickets are drawn to be matched, if the processes go on. *)
RhoIsLive == Rho <= Draws * Cardinality(Correct)

(* LIVENESS. *)
Termination == \A p \in Correct : <>(Decisions(decided[p]) = Generations)
-----------------------------------------------------------------------------
THEOREM Spec => [](TypeOK /\ Agreement /\ Lineage /\ Resilience) /\ Integrity
THEOREM RhoIsLive => (FairSpec => Termination)
=============================================================================
