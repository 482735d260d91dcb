------------------------- MODULE MCStreamletOneByOne ------------------------
(***************************************************************************)
(* Streamlet refines the broadcast that TobLearning asks for, which gives  *)
(* one message after the other its place, also where one vote finalizes    *)
(* several blocks.  The stuttering variable `todo' holds the messages of   *)
(* these blocks that have no place yet, as in MCTotalOrderBroadcastSplit.  *)
(***************************************************************************)
EXTENDS MCStreamlet

VARIABLE todo

(* A vote may give several messages their places: the first at once. *)
NewMessages == SubSeq(Order', Len(Order) + 1, Len(Order'))
OneVoteMore == \E p \in Correct :
    /\ todo = << >>
    /\ Vote(p)
    /\ \E new \in {NewMessages} : todo' = IF new = << >> THEN << >> ELSE Tail(new)
Split == todo # << >> /\ todo' = Tail(todo) /\ UNCHANGED vars

SplitNext == OneVoteMore \/ Split
SplitSpec == Init /\ todo = << >> /\ [][SplitNext]_<<vars, todo>>

Placed(order) == SubSeq(order, 1, Len(order) - Len(todo))
One == INSTANCE TotalOrderBroadcast WITH
    network <- pool \ Ordered(Placed(Order)),
    inbox <- Once(Waiting, Placed(Order)),
    Batch <- 1
(* This is One!Spec; see RefinesTotalOrderBroadcast. *)
RefinesOneByOne == One!Init /\ [][UNCHANGED One!vars \/ One!Next]_One!vars
=============================================================================
