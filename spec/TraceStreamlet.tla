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

(* Of all payloads only those of the recorded step are tried.              *)
Next1 == Recorded.states[IF step < TraceLength THEN step + 1 ELSE step]
RecordedPayloads == {b[Len(b)].payload : b \in
    UNION {IF p \in DOMAIN Next1.votes THEN Next1.votes[p] \ votes[p] ELSE {} : p \in Correct}}
TracePayloads(e) ==
    {x \in RecordedPayloads \cup {<< >>} : x = << >> \/ x[1] \in pool \cup Forgery}
-----------------------------------------------------------------------------
StateIs(state) == /\ pool = state.pool
                  /\ votes = state.votes
                  /\ lock = state.lock
                  /\ log = state.log
                  /\ leader = state.leader

TraceInit == \E t \in 1 .. TraceCount :
    /\ trace = t /\ step = 1 /\ by = ""
    /\ StateIs(TLCGet(t).states[1])
    /\ leader \in [1 .. Epochs -> Proc]
    /\ Init
    /\ Accept(t, 1)

(* The recorded step, and it is one of the specification's. *)
TraceNext ==
    /\ step < TraceLength
    /\ step' = step + 1
    /\ UNCHANGED <<leader, trace, by>>
    /\ \E next \in {Recorded.states[step + 1]} : /\ pool' = next.pool
                                               /\ votes' = next.votes
                                               /\ lock' = next.lock
                                               /\ log' = next.log
                                               /\ leader = next.leader
    /\ Next
    /\ Accept(trace, step')

TraceSpec == TraceInit /\ [][TraceNext]_traceVars
-----------------------------------------------------------------------------
(* Votes and logs only grow: the last state's safety is that of all. *)
TraceSafety == step = TraceLength => OneVote /\ OneNotarized /\ NoRival /\ Consistency
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
    /\ \/ (\E m \in Message : Broadcast(m)) /\ by' = "Broadcast"
       \/ (\E p \in Correct : Propose(p)) /\ by' = "Propose"
       \/ (\E p \in Correct : Vote(p)) /\ by' = "Vote"
       \/ (\E p \in Correct : Deliver(p)) /\ by' = "Deliver"
=============================================================================
