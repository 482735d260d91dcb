------------------------ MODULE MCTobLearningHistory ------------------------
(* TobLearning with two history variables: the whole order, of which an    *)
(* inbox is what is left, and the whole landscape, of which a loss is      *)
(* forgotten once it decides nothing any more.  The unbounded proofs speak *)
(* of both: each state and each step of this model is compared with them   *)
(* (tests/proofs/test_proofs_tie.py, which has the constants).             *)
EXTENDS MCTobLearning

VARIABLES order, landscape

Ordered == {p \in Correct : Len(inbox'[p]) > Len(inbox[p])}

HistoryInit == Init /\ order = << >> /\ landscape = << >>

Record == /\ order' = IF Ordered = {} THEN order
                      ELSE Append(order, Last(inbox'[CHOOSE p \in Ordered : TRUE]))
          /\ landscape' = Reveal(landscape, loss')

RecordOffer == \E p \in Correct : Offer(p) /\ Record
RecordOrder == Order(network) /\ Record
RecordDeliver == \E p \in Correct : Deliver(p) /\ Record
RecordByzantineOffer == ByzantineOffer /\ Record
HistoryNext == RecordOffer \/ RecordOrder \/ RecordDeliver \/ RecordByzantineOffer

HistorySpec == HistoryInit /\ [][HistoryNext]_<<vars, order, landscape>>

(* An order of finitely many offers, or the graph would not be finite. *)
CONSTANT Longest
ShortOrder == Len(order) <= Longest
=============================================================================
