--------------------------- MODULE ModelConsensus ---------------------------
(***************************************************************************)
(* Model-consensus: what Byzantine-resilient learning has to achieve, with *)
(* no word on how.                                                         *)
(*                                                                         *)
(* Each correct process outputs a growing sequence of models that starts   *)
(* at the genesis model.  The outputs agree; each model is a legal step    *)
(* from the one before, and what it uses of a correct process, that        *)
(* process has proposed; it matches Rho proposals that the adversary did   *)
(* not choose; and for all this a process evaluates few models itself.     *)
(* Without that last clause nobody would have to say anything: draws and   *)
(* losses are public, and whoever evaluates them all knows the best        *)
(* (LocalLearning).  The idea and the name are those of Kucharavy, Monti,  *)
(* Guerraoui and Dolamic (arXiv 2304.13540); this formalisation is ours.   *)
(*                                                                         *)
(* A process may decide any model for which Agreement, Validity and        *)
(* Resilience hold afterwards: this is the most general algorithm, and     *)
(* every other one refines it.                                             *)
(***************************************************************************)
EXTENDS EvolutionarySearch

CONSTANTS Generations,  \* how many generations are to be decided
          Unchosen,     \* the processes whose draws the adversary does not
                        \* choose: at least the correct ones
          Rho,          \* the resilience: how many of their proposals a decided
                        \* model has to match
          Work,         \* how many models a correct process evaluates for a
                        \* generation at most, ...
          More          \* ... and besides in the whole run

ASSUME ModelConsensusAssumption ==
    /\ Generations \in Nat
    /\ Correct \subseteq Unchosen /\ Unchosen \subseteq Proc
    /\ Rho \in Nat /\ Work \in Nat /\ More \in Nat

VARIABLES loss,         \* the losses of the models evaluated and still of interest
          proposed,     \* the proposals of correct processes still of interest
          evaluations,  \* evaluations[p]: how many models p has evaluated
          decided       \* decided[p]: the sequence of models that p has decided

vars == <<loss, proposed, evaluations, decided>>

Init == /\ loss = << >>
        /\ proposed = {}
        /\ evaluations = [p \in Correct |-> 0]
        /\ decided = [p \in Correct |-> <<Genesis>>]
-----------------------------------------------------------------------------
(* The landscapes that may be found when proposals of q on `parent' are    *)
(* evaluated; and the steps of several known proposals.                    *)
WithProposals(landscape, parent, q) ==
    UNION {Revealed(landscape, own) : own \in SUBSET OwnProposals(parent, q)}
Blended(landscape, parent) ==
    LET known == {m \in DOMAIN landscape : \E p \in Proc : IsProposal(m, parent, p)}
        steps == {UNION {Last(m) : m \in models} : models \in SUBSET known}
    IN  {Offspring(parent, s) : s \in {s \in steps : IsLegalStep(s, Generation(parent) + 1)}}

(* A correct process counts what it evaluates, and stays within its work. *)
Count(d) ==
    /\ \E p \in Correct, k \in 0 .. Work + More :
        evaluations' = [evaluations EXCEPT ![p] = @ + k]
    /\ WorkOf(evaluations', d, Work, More)

(* The proposals for generations that not everybody has decided yet. *)
Pending(models, d) == {m \in models : Generation(m) > LastCommon(d)}

(* q evaluates models on a parent that has been evaluated itself.  If it   *)
(* is correct, it may propose one of its own.                              *)
EvaluateOn(parent, q) ==
    /\ UNCHANGED decided
    /\ Generation(parent) < Generations
    /\ \E landscape \in WithProposals(loss, parent, q) :
        \/ loss' = landscape
        \/ \E blend \in Blended(landscape, parent) : loss' \in Revealed(landscape, {blend})
    /\ \E own \in SUBSET (OwnProposals(parent, q) \cap DOMAIN loss') :
        /\ Cardinality(own) <= (IF q \in Correct THEN 1 ELSE 0)
        /\ proposed' = Pending(proposed \cup own, decided)
    /\ Count(decided)

Evaluate(q) == \E parent \in DOMAIN loss \cup {Genesis} : EvaluateOn(parent, q)

(* What a model uses of a correct process, that process has proposed. *)
IsProposed(model, parent, proposals) == \A t \in Last(model) :
    t.proposer \in Correct => Proposal(parent, t) \in proposals

(* p decides its next model, which it may evaluate only now. *)
DecideModel(p, model, landscape) ==
    LET d == [decided EXCEPT ![p] = Append(@, model)]
        parent == Last(decided[p])
    IN  /\ Decisions(decided[p]) < Generations
        /\ decided' = d
        /\ IsOffspring(model, parent)
        /\ IsProposed(model, parent, proposed)
        /\ \A q \in Correct : IsPrefix(d[p], d[q]) \/ IsPrefix(d[q], d[p])
        /\ MatchesUnchosen(landscape, model, parent, Unchosen, Rho)
        /\ loss' = Remembered(landscape, d)
        /\ proposed' = Pending(proposed, d)
        /\ Count(d)

Decide(p) ==
    \/ \E model \in DOMAIN loss : DecideModel(p, model, loss)
    \/ \E blend \in Blended(loss, Last(decided[p])) :
       \E landscape \in Revealed(loss, {blend}) :
       \E model \in DOMAIN landscape : DecideModel(p, model, landscape)

Next == \/ \E q \in Proc : Evaluate(q)
        \/ \E p \in Correct : Decide(p)

(* Each process goes on: it evaluates its proposals on its current model,  *)
(* proposes one of them, and decides.                                      *)
Propose(p) ==
    /\ \A m \in OwnProposals(Last(decided[p]), p) : m \notin proposed
    /\ EvaluateOn(Last(decided[p]), p)
    /\ OwnProposals(Last(decided[p]), p) \subseteq DOMAIN loss'
    /\ OwnProposals(Last(decided[p]), p) \cap proposed' # {}
Fairness == \A p \in Correct : WF_vars(Propose(p)) /\ WF_vars(Decide(p))

Spec == Init /\ [][Next]_vars
FairSpec == Spec /\ Fairness
-----------------------------------------------------------------------------
TypeOK == /\ \A m \in DOMAIN loss : loss[m] \in Losses
          /\ \A m \in proposed : \E t \in Last(m) : t.proposer \in Correct
          /\ DOMAIN evaluations = Correct
          /\ \A p \in Correct : evaluations[p] \in Nat
          /\ DOMAIN decided = Correct
          /\ \A p \in Correct : Decisions(decided[p]) \in 0 .. Generations

(* SAFETY.  Integrity: what has been decided stays decided. *)
Integrity == [][\A p \in Correct : IsPrefix(decided[p], decided'[p])]_vars

(* Agreement: one output continues the other. *)
Agreement == AgreementOf(decided)

(* Validity: each output is a path of legal steps, and each step, when it  *)
(* is taken, uses of correct processes what they have proposed.            *)
Lineage == LineageOf(decided)
Validity == [][\A p \in Correct : Len(decided'[p]) > Len(decided[p]) =>
    IsProposed(Last(decided'[p]), Last(decided[p]), proposed)]_vars

(* Resilience(Rho): a decided model matches Rho unchosen proposals. *)
Resilience == \A p \in Correct : \A i \in 2 .. Len(decided[p]) :
    decided[p][i] \in DOMAIN loss =>
        MatchesUnchosen(loss, decided[p][i], decided[p][i - 1], Unchosen, Rho)

(* Work: nobody evaluates much. *)
WorkBound == WorkOf(evaluations, decided, Work, More)

(* Enough is evaluated to be matched, if the processes go on. *)
RhoIsLive == Rho <= Draws * Cardinality(Correct)

(* LIVENESS. *)
Termination == \A p \in Correct : <>(Decisions(decided[p]) = Generations)
-----------------------------------------------------------------------------
THEOREM Spec => [](TypeOK /\ Agreement /\ Lineage /\ Resilience /\ WorkBound)
THEOREM Spec => Integrity /\ Validity
THEOREM RhoIsLive => (FairSpec => Termination)
=============================================================================
