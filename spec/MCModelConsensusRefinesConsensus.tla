------------------ MODULE MCModelConsensusRefinesConsensus ------------------
(***************************************************************************)
(* Who solves model-consensus solves classical consensus: take one         *)
(* generation and a constant loss, let a process's proposal on the genesis *)
(* model stand for its value, and output the value of one of the tickets   *)
(* in the step that is decided, the same at everybody.                     *)
(*                                                                         *)
(* ModelConsensus forgets proposals that nobody needs any more, so the     *)
(* history variable `ever' has all of them.  What is evaluated of a        *)
(* Byzantine process counts as proposed by it.                             *)
(*                                                                         *)
(* MCConsensusRefinesModelConsensus is the other direction.                *)
(***************************************************************************)
EXTENDS ModelConsensus

VARIABLE ever

Remember == ever' = ever \cup proposed'
EverEvaluate == \E q \in Proc : Evaluate(q) /\ Remember
EverEvaluateBlend == \E q \in Proc : EvaluateBlend(q) /\ Remember
EverDecide == \E p \in Correct : Decide(p) /\ Remember
EverNext == EverEvaluate \/ EverEvaluateBlend \/ EverDecide
EverSpec == Init /\ ever = {} /\ [][EverNext]_<<vars, ever>> /\ Fairness

OneTicket(model) == Proposal(Genesis, CHOOSE t \in Last(model) : TRUE)
Classical == INSTANCE Consensus WITH
    Own <- [p \in Proc |-> OwnProposals(Genesis, p)],
    proposed <- ever \cup (DOMAIN loss \cap UNION {OwnProposals(Genesis, b) : b \in Byzantine}),
    output <- [p \in Correct |-> {OneTicket(decided[p][i]) : i \in 2 .. Len(decided[p])}]

RefinesConsensus == Classical!FairSpec

(* For Count: work plays no part. *)
Uncounted(d) == UNCHANGED evaluations
=============================================================================
