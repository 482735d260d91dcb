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
(* WHAT MAY BE EVALUATED in a step: some draws of q on `parent', and one   *)
(* combination of them; and the blend of known proposals on `parent', of   *)
(* each process at most one.                                               *)
AtMostOne(set) == {{}} \cup {{e} : e \in set}
EvaluableOf(parent, q) == {draws \cup one :
    draws \in SUBSET AllDrawn(parent, q), one \in AtMostOne(OwnProposals(parent, q))}

RECURSIVE StepsOf(_, _)
StepsOf(tickets, processes) ==
    LET p == CHOOSE p \in processes : TRUE
        own == {t \in tickets : t.proposer = p}
    IN  IF processes = {} THEN {{}}
        ELSE {s \cup one : s \in StepsOf(tickets, processes \ {p}), one \in AtMostOne(own)}
Blends(known, parent) ==
    LET steps == {Last(m) : m \in {m \in known : IsOffspring(m, parent)}}
        tickets == UNION {s \in steps : Cardinality(s) = 1}
    IN  {Offspring(parent, s) : s \in StepsOf(tickets, Proc) \ {{}}}

(* The landscapes in which these models are known, too: those that are     *)
(* Revealed.  In this form TLC sees fast whether a landscape is one.       *)
Extensions(landscape, models) ==
    {l \in [DOMAIN landscape \cup models -> Losses] :
        \A m \in DOMAIN landscape : l[m] = landscape[m]}

(* A correct process counts what it evaluates, and stays within its work. *)
StaysWithinWork(counts, d) == WorkOf(counts, d, Work, More)
Count(d) ==
    /\ \E p \in Correct, k \in 0 .. Work + More :
        evaluations' = [evaluations EXCEPT ![p] = @ + k]
    /\ StaysWithinWork(evaluations', d)

(* The proposals for generations that not everybody has decided yet. *)
Pending(models, d) == {m \in models : Generation(m) > LastCommon(d)}

(* What q may propose on `parent', if it is correct: what is evaluated. *)
MayPropose(landscape, parent, q) ==
    AtMostOne({m \in DOMAIN landscape : q \in Correct /\ IsProposal(m, parent, q)})

(* Models that all have left behind are of no interest any more. *)
IsOpen(parent) == /\ Generation(parent) < Generations
                  /\ Generation(parent) + 1 >= LastCommon(decided)

(* q evaluates models on a parent that has been evaluated itself, and      *)
(* proposes one of its own or nothing.                                     *)
EvaluateOn(parent, q) ==
    /\ IsOpen(parent)
    /\ \E models \in EvaluableOf(parent, q) : loss' \in Extensions(loss, models)
    /\ \E own \in MayPropose(loss', parent, q) :
        proposed' = Pending(proposed \cup own, decided)
    /\ Count(decided)

(* The same, with a blend. *)
EvaluateBlendOn(parent, q) ==
    /\ IsOpen(parent)
    /\ \E models \in EvaluableOf(parent, q) :
       \E blend \in Blends(DOMAIN loss \cup models, parent) :
        loss' \in Extensions(loss, models \cup {blend})
    /\ \E own \in MayPropose(loss', parent, q) :
        proposed' = Pending(proposed \cup own, decided)
    /\ Count(decided)

Parents == DOMAIN loss \cup {Genesis}
Evaluate(q) == UNCHANGED decided /\ \E parent \in Parents : EvaluateOn(parent, q)
EvaluateBlend(q) == UNCHANGED decided /\ \E parent \in Parents : EvaluateBlendOn(parent, q)

(* WHAT MAY BE DECIDED next to `parent'.  What a model uses of a correct   *)
(* process, that process has proposed; and what p decides is what others   *)
(* do.                                                                     *)
Continues(model, parent) == IsOffspring(model, parent)
IsProposed(model, parent, proposals) == \A t \in Last(model) :
    t.proposer \in Correct => Proposal(parent, t) \in proposals
UsesProposed(model, parent) == IsProposed(model, parent, proposed)
IsWithOthers(output, d) == \A q \in Correct : IsPrefix(output, d[q]) \/ IsPrefix(d[q], output)
IsGood(landscape, model, parent) == MatchesUnchosen(landscape, model, parent, Unchosen, Rho)

(* p decides its next model, and may evaluate a blend only now. *)
Decide(p) == \E blend \in AtMostOne(Blends(DOMAIN loss, Last(decided[p]))) :
             \E model \in DOMAIN loss \cup blend :
    LET parent == Last(decided[p])
        d == [decided EXCEPT ![p] = Append(@, model)]
    IN  /\ Decisions(decided[p]) < Generations
        /\ Continues(model, parent)
        /\ decided' = d
        /\ UsesProposed(model, parent)
        /\ IsWithOthers(d[p], decided)
        /\ \E landscape \in Revealed(loss, blend) :
            /\ IsGood(landscape, model, parent)
            /\ loss' = Remembered(landscape, d)
        /\ proposed' = Pending(proposed, d)
        /\ Count(d)

Next == \/ \E q \in Proc : Evaluate(q)
        \/ \E q \in Proc : EvaluateBlend(q)
        \/ \E p \in Correct : Decide(p)

(* Each process goes on: it evaluates its draws on its current model,      *)
(* proposes something that is as good as all of them, and decides.         *)
HasProposed(p) == LET parent == Last(decided[p]) IN
    /\ AllDrawn(parent, p) \subseteq DOMAIN loss
    /\ \E m \in proposed \cap DOMAIN loss :
        IsProposal(m, parent, p) /\ \A draw \in AllDrawn(parent, p) : loss[m] <= loss[draw]
Propose(p) == /\ UNCHANGED decided
              /\ ~HasProposed(p) /\ EvaluateOn(Last(decided[p]), p) /\ HasProposed(p)'
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
(* Checked at a bound: MCModelConsensus, MCModelConsensus_g2, _draws2. *)
THEOREM Spec => [](TypeOK /\ Agreement /\ Lineage /\ Resilience /\ WorkBound)
THEOREM Spec => Integrity /\ Validity
(* Checked at a bound: MCModelConsensus_live. *)
THEOREM RhoIsLive => (FairSpec => Termination)
=============================================================================
