------------------------ MODULE TotalOrderBroadcast -------------------------
(***************************************************************************)
(* Total Order Broadcast: every correct process delivers the same messages *)
(* in the same order, and a correct process's broadcast is delivered.      *)
(*                                                                         *)
(* A message that has been broadcast waits in `network' until it is given  *)
(* its place in the order.  From then on it stands in the queue `inbox[p]' *)
(* of every correct process p, which takes its messages one by one, at its *)
(* own speed.  Delivered messages are gone, so the memory of a run does    *)
(* not grow with its length.                                               *)
(*                                                                         *)
(* A correct process's message is ordered only if it was broadcast: its    *)
(* sender cannot be forged.  The adversary broadcasts whatever it likes    *)
(* when it likes, so its messages are simply ordered; to wait in `network' *)
(* would give it nothing.  It may even get one message ordered many times. *)
(***************************************************************************)
EXTENDS Naturals, Sequences, FiniteSets

CONSTANTS Correct,      \* the correct processes
          Message,      \* all that correct processes can broadcast
          Forgery,      \* all that the adversary can broadcast
          Batch         \* how many messages at most get their places in one step

ASSUME Batch \in Nat \ {0}

VARIABLES network,      \* the messages broadcast and not yet ordered
          inbox         \* inbox[p]: those ordered and not yet delivered at p

vars == <<network, inbox>>

Init == /\ network = {}
        /\ inbox = [p \in Correct |-> << >>]
-----------------------------------------------------------------------------
(* A correct process broadcasts m. *)
Broadcast(m) ==
    /\ network' = network \cup {m}
    /\ UNCHANGED inbox

(* The messages of the sequence batch get the next places in the order.    *)
(* What a correct process has broadcast gets one place only.               *)
Batches(messages) == UNION {[1 .. k -> messages] : k \in 1 .. Batch}
IsOnce(m, batch) == Cardinality({i \in DOMAIN batch : batch[i] = m}) <= 1
Order(batch) ==
    /\ inbox' = [p \in Correct |-> inbox[p] \o batch]
    /\ network' = network \ {batch[i] : i \in DOMAIN batch}
    /\ \A m \in network : IsOnce(m, batch)

OrderSome == \E batch \in Batches(network \cup Forgery) : Order(batch)

(* p delivers the next message of the order. *)
Deliver(p) ==
    /\ inbox[p] # << >>
    /\ inbox' = [inbox EXCEPT ![p] = Tail(@)]
    /\ UNCHANGED network

Next == \/ \E m \in Message : Broadcast(m)
        \/ OrderSome
        \/ \E p \in Correct : Deliver(p)

(* A message that was broadcast is ordered, and a queue is emptied. *)
Fairness == /\ \A m \in Message : WF_vars(m \in network /\ Order(<<m>>))
            /\ \A p \in Correct : WF_vars(Deliver(p))

Spec == Init /\ [][Next]_vars
FairSpec == Spec /\ Fairness
-----------------------------------------------------------------------------
TypeOK == /\ network \subseteq Message
          /\ inbox \in [Correct -> Seq(Message \cup Forgery)]

(* SAFETY.  The same messages in the same order: a process delivers what   *)
(* stands first in its queue, and whatever comes into a queue comes into   *)
(* all queues at once, behind the rest.  So what a process has delivered,  *)
(* followed by what is in its queue, is the same at all.  (That the queues *)
(* resemble each other in every state would not be enough: see             *)
(* MCApartBroadcast, where they are empty in between.)                     *)
IsPrefix(s, t) == Len(s) <= Len(t) /\ s = SubSeq(t, 1, Len(s))
Added(s, t) == SubSeq(t, Len(s) + 1, Len(t))
TotalOrder == [][
    \/ \E p \in Correct : inbox[p] # << >> /\ inbox' = [inbox EXCEPT ![p] = Tail(@)]
    \/ \A p, q \in Correct : /\ IsPrefix(inbox[p], inbox'[p])
                             /\ Added(inbox[p], inbox'[p]) = Added(inbox[q], inbox'[q])]_inbox

(* A correct process's message gets one place in the order for each time   *)
(* that it is broadcast, and none without.                                 *)
Count(m, s) == Cardinality({i \in DOMAIN s : s[i] = m})
Authenticity == [][\A p \in Correct, m \in Message :
    Count(m, inbox'[p]) <= Count(m, inbox[p]) + (IF m \in network THEN 1 ELSE 0)]_vars

(* LIVENESS.  What was broadcast gets its place in the order ... *)
EachOrdered == \A m \in Message : m \in network ~> m \notin network

(* ... and is delivered by every correct process.  (Where a message is not *)
(* broadcast again as long as it stands in a queue.)                       *)
EachDelivered == \A m \in Message, p \in Correct :
    Count(m, inbox[p]) > 0 ~> Count(m, inbox[p]) = 0
-----------------------------------------------------------------------------
(* Checked at a bound: MCTotalOrderBroadcast, _batch, and _batch with a    *)
(* history in MCTotalOrderBroadcastHistory.                                *)
THEOREM Spec => []TypeOK /\ TotalOrder /\ Authenticity
THEOREM FairSpec => EachOrdered
=============================================================================
