--------------------------- MODULE TraceStreamlet ---------------------------
(***************************************************************************)
(* Are these recorded executions behaviours of Streamlet?                  *)
(* (See Traces.)  The leaders of a trace are in its states, as a variable  *)
(* that stays the same, for a configuration cannot have a function.        *)
(***************************************************************************)
EXTENDS Streamlet, Traces

VARIABLE leader     \* leader[e]: the leader of epoch e

traceVars == <<vars, leader, trace, step, by>>

TraceLeader(e) == leader[e]
NoLeader == << >>

(* Of all payloads only those of the recorded step are tried. *)
RecordedPayloads == {b[Len(b)].payload : b \in
    UNION {NextState.votes[p] \ votes[p] : p \in Correct}}
TracePayloads(e) ==
    {x \in RecordedPayloads \cup {<< >>} : x = << >> \/ x[1] \in pool \cup Forgery}
-----------------------------------------------------------------------------
Shape == [pool |-> pool, votes |-> votes, lock |-> lock, log |-> log, leader |-> leader]

StateIs(state) == /\ pool = state.pool
                  /\ votes = state.votes
                  /\ lock = state.lock
                  /\ log = state.log
                  /\ leader = state.leader

(* A step of the specification, by the name of its action, who may take it *)
(* and what may be broadcast.                                              *)
Actions == {"Broadcast", "Propose", "Vote", "Deliver"}
Act(action, processes, messages) ==
    \/ action = "Broadcast" /\ \E m \in messages : Broadcast(m)
    \/ action = "Propose" /\ \E p \in Correct \cap processes : Propose(p)
    \/ action = "Vote" /\ \E p \in Correct \cap processes : Vote(p)
    \/ action = "Deliver" /\ \E p \in Correct \cap processes : Deliver(p)

TraceInit == \E t \in 1 .. TraceCount :
    /\ trace = t /\ step = 1 /\ by = ""
    /\ StateIs(TLCGet(t).states[1])
    /\ leader \in [1 .. Epochs -> Proc]
    /\ Init
    /\ Reached(t, 1)

(* The recorded step: one of the specification's, and as it is labelled. *)
TraceNext ==
    /\ step < TraceLength
    /\ step' = step + 1
    /\ UNCHANGED <<leader, trace, by>>
    /\ \E action \in LabelledActions(Actions) :
        Act(action, LabelledProcesses(Proc), Message \cap NextState.pool)
    /\ Shape' = NextState
    /\ Reached(trace, step')

TraceSpec == TraceInit /\ [][TraceNext]_traceVars
-----------------------------------------------------------------------------
(* Votes and logs only grow, so the last state's safety is that of all. *)
TraceSafety == step = TraceLength => OneVote /\ OneNotarized /\ NoRival /\ Consistency
TraceIntegrity == [][\A p \in Correct : IsPrefix(log[p], log[p]')]_traceVars
-----------------------------------------------------------------------------
(* DIAGNOSIS of rejected traces: what could have happened instead, from    *)
(* the last good state on?                                                 *)
DiagnoseInit == \E i \in DOMAIN LastGood :
    /\ trace = LastGood[i][1] /\ step = LastGood[i][2]
    /\ leader = Recorded.states[1].leader
    /\ IF step = 0 THEN Init /\ by = "Init"
       ELSE StateIs(Recorded.states[step]) /\ by = ""

DiagnoseNext ==
    /\ by = ""
    /\ UNCHANGED <<leader, trace, step>>
    /\ \E action \in Actions : Act(action, Proc, Message) /\ by' = action
=============================================================================
