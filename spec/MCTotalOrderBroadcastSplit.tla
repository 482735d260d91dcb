--------------------- MODULE MCTotalOrderBroadcastSplit ---------------------
(***************************************************************************)
(* A broadcast that gives several messages their places in one step is one *)
(* that gives a place to one message in a step.  Streamlet is of the first *)
(* kind, and TobLearning asks for the second.                              *)
(*                                                                         *)
(* The stuttering variable `todo' holds the messages of the last batch     *)
(* that have no place yet in the broadcast that learners see.  While there *)
(* are some, they get their places one by one, and nothing else happens.   *)
(***************************************************************************)
EXTENDS MCTotalOrderBroadcast

VARIABLE todo

splitVars == <<vars, todo>>

SplitBroadcast == \E m \in Message : todo = << >> /\ Broadcast(m) /\ UNCHANGED todo
SplitOrder == \E batch \in Batches(network \cup Forgery) :
    todo = << >> /\ Order(batch) /\ todo' = Tail(batch)
SplitDeliver == \E p \in Correct : todo = << >> /\ Deliver(p) /\ UNCHANGED todo
Split == todo # << >> /\ todo' = Tail(todo) /\ UNCHANGED vars

SplitNext == SplitBroadcast \/ SplitOrder \/ SplitDeliver \/ Split
SplitSpec == Init /\ todo = << >> /\ [][SplitNext]_splitVars
             /\ Fairness /\ WF_splitVars(Split)

Visible(queue) == SubSeq(queue, 1, Len(queue) - Len(todo))
One == INSTANCE TotalOrderBroadcast WITH
    network <- network \cup ({todo[i] : i \in DOMAIN todo} \cap Message),
    inbox <- [p \in Correct |-> Visible(inbox[p])],
    Batch <- 1
FairlyRefinesOneByOne == One!FairSpec
=============================================================================
