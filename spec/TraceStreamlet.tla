--------------------------- MODULE TraceStreamlet ---------------------------
(***************************************************************************)
(* Are these recorded executions behaviours of Streamlet?                  *)
(*                                                                         *)
(* A trace gives the value of every variable in each of its states, so     *)
(* each step has at most one successor: the recorded one, if the           *)
(* specification's own Next allows it.  A trace whose last state is        *)
(* reached is accepted, and TLC prints so.  Many traces go into one run.   *)
(*                                                                         *)
(* The leaders of a trace are in its states, as a variable that stays the  *)
(* same, for a configuration cannot have a function.                       *)
(***************************************************************************)
EXTENDS Streamlet, TLC

(* The traces are in TLC's registers 1, 2 and so on, where an assumption   *)
(* of the module that extends this one has put them.  Each has             *)
(*   states      the sequence of its states                                *)
CONSTANT TraceCount     \* how many traces there are

VARIABLES leader,   \* leader[e]: the leader of epoch e
          trace,    \* the number of the trace
          step,     \* the number of its state
          by        \* in a diagnosis: the action that leads here

traceVars == <<vars, leader, trace, step, by>>

Recorded == TLCGet(trace)
TraceLength == Len(Recorded.states)

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

Accept(t, i) == i = Len(TLCGet(t).states) => PrintT(<<"accepted", t>>)

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
(* DIAGNOSIS of rejected traces.  How far did they come? *)
AcceptEach(t, i) == PrintT(<<"accepted", t, i>>)

(* And what could have happened instead, from the last good state on?      *)
(* LastGood is a sequence of pairs <<trace, step>>; step 0 stands for the  *)
(* time before the first state.                                            *)
CONSTANT LastGood

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
