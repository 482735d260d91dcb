---------------------------- MODULE LocalLearning ---------------------------
(***************************************************************************)
(* Learning without a message: why ModelConsensus has to ask for Work and  *)
(* for Validity.                                                           *)
(*                                                                         *)
(* Draws and losses are public.  So a correct process can evaluate, on its *)
(* current model, the draws of all processes, and decide the best of them. *)
(* All decide the same, and nobody has said anything: Agreement, Lineage,  *)
(* Termination hold, and Resilience for every honest draw.  But a process  *)
(* evaluates as many models as it matches, or more, and what it decides    *)
(* nobody has proposed.                                                    *)
(***************************************************************************)
EXTENDS EvolutionarySearch

CONSTANTS Generations,  \* how many generations are decided
          Work          \* how many evaluations a generation WorkBound allows

VARIABLES loss,         \* the losses of the models evaluated and still of interest
          evaluated,    \* evaluated[p]: what p has evaluated on its current model
          evaluations,  \* evaluations[p]: how many models p has evaluated
          decided       \* decided[p]: the sequence of models that p has decided

vars == <<loss, evaluated, evaluations, decided>>

Init == /\ loss = << >>
        /\ evaluated = [p \in Correct |-> {}]
        /\ evaluations = [p \in Correct |-> 0]
        /\ decided = [p \in Correct |-> <<Genesis>>]
-----------------------------------------------------------------------------
Everything(parent) == UNION {AllDrawn(parent, q) : q \in Proc}

(* p evaluates the draws of q on its current model. *)
Evaluate(p, q) ==
    LET own == AllDrawn(Last(decided[p]), q)
    IN  /\ Decisions(decided[p]) < Generations
        /\ own \cap evaluated[p] = {}
        /\ loss' \in Revealed(loss, own)
        /\ evaluated' = [evaluated EXCEPT ![p] = @ \cup own]
        /\ evaluations' = [evaluations EXCEPT ![p] = @ + Draws]
        /\ UNCHANGED decided

(* The best of all; of several, the same one for everybody. *)
Best(models) == CHOOSE m \in models : \A k \in models : loss[m] <= loss[k]

(* p decides it. *)
Decide(p) ==
    LET parent == Last(decided[p])
    IN  /\ Decisions(decided[p]) < Generations
        /\ evaluated[p] = Everything(parent)
        /\ decided' = [decided EXCEPT ![p] = Append(@, Best(Everything(parent)))]
        /\ evaluated' = [evaluated EXCEPT ![p] = {}]
        /\ loss' = Remembered(loss, decided')
        /\ UNCHANGED evaluations

Next == \E p \in Correct : Decide(p) \/ \E q \in Proc : Evaluate(p, q)

Fairness == \A p \in Correct :
    WF_vars(Decide(p)) /\ \A q \in Proc : WF_vars(Evaluate(p, q))

Spec == Init /\ [][Next]_vars
FairSpec == Spec /\ Fairness
-----------------------------------------------------------------------------
(* The properties of ModelConsensus, where nobody has proposed anything    *)
(* and all draws of correct processes are to be matched.                   *)
MC == INSTANCE ModelConsensus WITH
    proposed <- {}, Unchosen <- Correct, Rho <- Draws * Cardinality(Correct), More <- 0

Agreement == MC!Agreement
Lineage == MC!Lineage
Resilience == MC!Resilience
Integrity == MC!Integrity
Termination == MC!Termination

(* What does not hold: Validity, and WorkBound if Work < Rho. *)
Validity == [][\A p \in Correct : Len(decided'[p]) > Len(decided[p]) =>
    MC!IsProposed(Last(decided'[p]), Last(decided[p]), {})]_vars
WorkBound == MC!WorkBound
-----------------------------------------------------------------------------
(* Checked at a bound: MCLocalLearning. *)
THEOREM Spec => [](Agreement /\ Lineage /\ Resilience) /\ Integrity
THEOREM FairSpec => Termination
=============================================================================
