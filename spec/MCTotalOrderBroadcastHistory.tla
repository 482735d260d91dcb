-------------------- MODULE MCTotalOrderBroadcastHistory --------------------
(* TotalOrderBroadcast with a history variable: what each has delivered.   *)
(* This is the total order as it is told, and it holds.                    *)
EXTENDS TotalOrderBroadcast

VARIABLE delivered

historyVars == <<vars, delivered>>

HistoryInit == Init /\ delivered = [p \in Correct |-> << >>]

RecordBroadcast == \E m \in Message : Broadcast(m) /\ UNCHANGED delivered
RecordOrder == OrderSome /\ UNCHANGED delivered
RecordDeliver == \E p \in Correct :
    /\ Deliver(p)
    /\ delivered' = [delivered EXCEPT ![p] = Append(@, Head(inbox[p]))]
HistoryNext == RecordBroadcast \/ RecordOrder \/ RecordDeliver
HistorySpec == HistoryInit /\ [][HistoryNext]_historyVars

(* What one process has delivered and what another one has are parts of    *)
(* one order.                                                              *)
OneOrder == \A p, q \in Correct :
    IsPrefix(delivered[p], delivered[q]) \/ IsPrefix(delivered[q], delivered[p])
SameFuture == \A p, q \in Correct : delivered[p] \o inbox[p] = delivered[q] \o inbox[q]

(* An order of finitely many messages, or the graph would not be finite. *)
CONSTANT Longest
ShortOrder == \A p \in Correct : Len(delivered[p] \o inbox[p]) <= Longest
=============================================================================
