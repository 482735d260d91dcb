-------------------------- MODULE MCApartBroadcast --------------------------
(***************************************************************************)
(* A broadcast without a total order: each process is given the messages   *)
(* on its own, in any order, whenever all queues are empty.  In every      *)
(* state the queues resemble each other, and no message is made up.        *)
(* TotalOrder of TotalOrderBroadcast is violated, and so is what it is     *)
(* for: two processes deliver in different orders (OneOrder).              *)
(***************************************************************************)
EXTENDS TotalOrderBroadcast

VARIABLES given,        \* given[m]: the processes that have been given m
          delivered     \* delivered[p]: what p has delivered

apartVars == <<vars, given, delivered>>

ApartInit == /\ Init
             /\ given = [m \in Message |-> {}]
             /\ delivered = [p \in Correct |-> << >>]

(* m is broadcast, once. *)
BroadcastApart(m) ==
    /\ given[m] = {} /\ Broadcast(m)
    /\ UNCHANGED <<given, delivered>>

(* p alone is given m, while all queues are empty. *)
Give(m, p) ==
    /\ m \in network /\ p \notin given[m]
    /\ \A q \in Correct : inbox[q] = << >>
    /\ inbox' = [inbox EXCEPT ![p] = <<m>>]
    /\ given' = [given EXCEPT ![m] = @ \cup {p}]
    /\ UNCHANGED <<network, delivered>>

DeliverApart(p) ==
    /\ Deliver(p)
    /\ delivered' = [delivered EXCEPT ![p] = Append(@, Head(inbox[p]))]
    /\ UNCHANGED given

ApartNext == \/ \E m \in Message : BroadcastApart(m)
             \/ \E m \in Message, p \in Correct : Give(m, p)
             \/ \E p \in Correct : DeliverApart(p)
ApartSpec == ApartInit /\ [][ApartNext]_apartVars

(* In every state: of two queues one is the end of the other. *)
IsSuffix(s, t) == Len(s) <= Len(t) /\ s = SubSeq(t, Len(t) - Len(s) + 1, Len(t))
QueuesResemble == \A p, q \in Correct :
    IsSuffix(inbox[p], inbox[q]) \/ IsSuffix(inbox[q], inbox[p])

OneOrder == \A p, q \in Correct :
    IsPrefix(delivered[p], delivered[q]) \/ IsPrefix(delivered[q], delivered[p])
=============================================================================
