-------------------------- MODULE TraceTobLearning --------------------------
(***************************************************************************)
(* Are these recorded executions behaviours of TobLearning?                *)
(* (See Traces and TraceSearch.)                                           *)
(***************************************************************************)
EXTENDS TobLearning, TraceSearch

traceVars == <<vars, trace, step, by>>

(* The models of a window's outputs follow the genesis model of the window. *)
TraceDecisions(outputs) == Recorded.since + Len(outputs) - 1

(* All possible models: only the refinement of TotalOrderBroadcast, which  *)
(* is not checked here, needs this large set.                              *)
TraceModels == {}

(* What the adversary may have sent in a step is what it did send. *)
TraceForgeries ==
    {offer \in UNION {Range(NextState.inbox[p]) : p \in Correct} :
        offer.sender \in Byzantine}
-----------------------------------------------------------------------------
Shape == [network |-> network, inbox |-> inbox, learner |-> learner, loss |-> loss]

StateIs(state) == /\ network = state.network
                  /\ inbox = state.inbox
                  /\ learner = state.learner
                  /\ loss = state.loss

(* A step of the specification, by the name of its action and who may take *)
(* it.                                                                     *)
Actions == {"Offer", "Order", "Deliver", "ByzantineOffer"}
Act(action, processes) ==
    \/ action = "Offer" /\ \E p \in Correct \cap processes : Offer(p)
    \/ action = "Order" /\ Order(network)
    \/ action = "Deliver" /\ \E p \in Correct \cap processes : Deliver(p)
    \/ action = "ByzantineOffer" /\ ByzantineOffer

TraceInit == \E t \in 1 .. TraceCount :
    /\ trace = t /\ step = 1 /\ by = ""
    /\ StateIs(TLCGet(t).states[1])
    /\ TLCGet(t).first = 0 => Init
    /\ Reached(t, 1)

(* The recorded step: one of the specification's, and as it is labelled. *)
TraceNext ==
    /\ step < TraceLength
    /\ step' = step + 1
    /\ UNCHANGED <<trace, by>>
    /\ \E action \in LabelledActions(Actions) : Act(action, LabelledProcesses(Proc))
    /\ Shape' = NextState
    /\ Reached(trace, step')

TraceSpec == TraceInit /\ [][TraceNext]_traceVars
-----------------------------------------------------------------------------
(* Decisions only grow, which is checked too, so the last outputs' lineage *)
(* is that of all.                                                         *)
TraceLineage == step = TraceLength => Lineage
TraceIntegrity == [][\A p \in Correct : IsPrefix(Decided[p], Decided[p]')]_traceVars

(* What the losses say of the decided models is checked again where either *)
(* has changed.                                                            *)
IsAsBefore == step > 1 /\ LET before == Recorded.states[step - 1] IN
    /\ loss = before.loss
    /\ \A p \in Correct : learner[p].decided = before.learner[p].decided
TraceResilience == IsAsBefore \/ Resilience
TraceRankResilience == IsAsBefore \/ RankResilience

(* Few models are better, so these are found first. *)
TraceHadBetter(model, parent) ==
    LET Of(better) == {q \in Correct : \E m \in better : IsProposal(m, parent, q)}
    IN  Once(Of, {m \in DOMAIN loss : loss[m] < loss[model]})

(* `own' evaluations are those of at most `most' offers.  To try each      *)
(* number of offers takes a time that grows with the trace.                *)
AreOfOffers(own, most) == own % ProposalCost = 0 /\ own \div ProposalCost \in 0 .. most
ASSUME \A own \in -20 .. 20, most \in 0 .. 5 :
    AreOfOffers(own, most) <=> \E offers \in 0 .. most : own = ProposalCost * offers
TraceEvaluationsAreExact == \A p \in Correct :
    AreOfOffers(learner[p].evaluations - (Mu + BlendCost) * Decisions(learner[p].decided)
                    - Len(learner[p].verified) - Len(learner[p].banned),
                learner[p].offered)
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
    /\ \E action \in Actions : Act(action, Proc) /\ by' = action
=============================================================================
