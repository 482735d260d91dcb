-------------------------- MODULE TraceTobLearning --------------------------
(***************************************************************************)
(* Are these recorded executions behaviours of TobLearning?                *)
(*                                                                         *)
(* A trace gives the value of every variable in each of its states, so     *)
(* each step has at most one successor: the recorded one, if the           *)
(* specification's own Next allows it.  A trace whose last state is        *)
(* reached is accepted, and TLC prints so.  Many traces go into one run.   *)
(*                                                                         *)
(* In a trace a model is a number instead of its lineage and the landscape *)
(* is known: a configuration substitutes the operators of this module for  *)
(* those of the specification.                                             *)
(***************************************************************************)
EXTENDS TobLearning, Integers, TLC

(* The traces are in TLC's registers 1, 2 and so on, where an assumption   *)
(* of the module that extends this one has put them (TLC evaluates a       *)
(* definition anew more often than one would think).  Each has             *)
(*   states      the sequence of its states                                *)
(*   losses      the loss of each model but the genesis                    *)
(*   generations its generation                                            *)
(*   children    of each model, the genesis included: its offspring, by    *)
(*               proposer and draw; 0 where it was never drawn             *)
CONSTANT TraceCount     \* how many traces there are

VARIABLES trace,    \* the number of the trace
          step,     \* the number of its state
          by        \* in a diagnosis: the action that leads here

traceVars == <<vars, trace, step, by>>

Recorded == TLCGet(trace)
TraceLength == Len(Recorded.states)

(* Models are numbered from 2^30 on, the genesis model first, and so cannot *)
(* be taken for other numbers.                                              *)
TraceGenesis == 1073741824
Index(model) == model - TraceGenesis
TraceGeneration(model) ==
    IF Index(model) \in DOMAIN Recorded.generations
    THEN Recorded.generations[Index(model)] ELSE 0
TraceOffspring(parent, ticket) ==       \* 0 if it was never drawn
    LET i == Index(parent) + 1
        p == ticket.proposer
        j == ticket.draw + 1
    IN  IF /\ i \in DOMAIN Recorded.children
           /\ p \in DOMAIN Recorded.children[i]
           /\ j \in DOMAIN Recorded.children[i][p]
           /\ ticket.generation = TraceGeneration(parent) + 1
        THEN Recorded.children[i][p][j] ELSE 0
TraceLandscapes(models) ==              \* no answer for models that were never drawn
    IF 0 \in models THEN {} ELSE {[m \in models |-> Recorded.losses[Index(m)]]}

(* All possible models: only the refinement of TotalOrderBroadcast, which   *)
(* is not checked here, needs this large set.                              *)
TraceModels == {}

(* What the adversary may have sent in a step is what it did send. *)
TraceForgeries ==
    {offer \in UNION {Range(Recorded.states[step + 1].inbox[p]) : p \in Correct} :
        offer.sender \in Byzantine}
-----------------------------------------------------------------------------
StateIs(state) == /\ network = state.network
                  /\ inbox = state.inbox
                  /\ learner = state.learner
                  /\ loss = state.loss

Accept(t, i) == i = Len(TLCGet(t).states) => PrintT(<<"accepted", t>>)

TraceInit == \E t \in 1 .. TraceCount :
    /\ trace = t /\ step = 1 /\ by = ""
    /\ StateIs(TLCGet(t).states[1])
    /\ Init
    /\ Accept(t, 1)

(* The recorded step, and it is one of the specification's. *)
TraceNext ==
    /\ step < TraceLength
    /\ step' = step + 1
    /\ UNCHANGED <<trace, by>>
    /\ \E next \in {Recorded.states[step + 1]} : /\ network' = next.network
                                               /\ inbox' = next.inbox
                                               /\ learner' = next.learner
                                               /\ loss' = next.loss
    /\ Next
    /\ Accept(trace, step')

TraceSpec == TraceInit /\ [][TraceNext]_traceVars
-----------------------------------------------------------------------------
(* Decisions only grow, so the last outputs' lineage is that of all. *)
TraceLineage == step = TraceLength => Lineage
-----------------------------------------------------------------------------
(* DIAGNOSIS of rejected traces.  How far did they come? *)
AcceptEach(t, i) == PrintT(<<"accepted", t, i>>)

(* And what could have happened instead, from the last good state on?      *)
(* LastGood is a sequence of pairs <<trace, step>>; step 0 stands for the  *)
(* time before the first state.                                            *)
CONSTANT LastGood

DiagnoseInit == \E i \in DOMAIN LastGood :
    /\ trace = LastGood[i][1] /\ step = LastGood[i][2]
    /\ IF step = 0 THEN Init /\ by = "Init"
       ELSE StateIs(Recorded.states[step]) /\ by = ""

DiagnoseNext ==
    /\ by = ""
    /\ UNCHANGED <<trace, step>>
    /\ \/ (\E p \in Correct : Offer(p)) /\ by' = "Offer"
       \/ Order(network) /\ by' = "Order"
       \/ (\E p \in Correct : Deliver(p)) /\ by' = "Deliver"
       \/ ByzantineOffer /\ by' = "ByzantineOffer"
=============================================================================
