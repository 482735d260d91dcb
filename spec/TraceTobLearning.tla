-------------------------- MODULE TraceTobLearning --------------------------
(***************************************************************************)
(* Are these recorded executions behaviours of TobLearning?                *)
(* (See Traces.)                                                           *)
(***************************************************************************)
EXTENDS TobLearning, Traces

traceVars == <<vars, trace, step, by>>

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
(* DIAGNOSIS of rejected traces: what could have happened instead, from    *)
(* the last good state on?                                                 *)
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
