------------------------- MODULE MCTobLearningAgrees ------------------------
(***************************************************************************)
(* Whatever TobLearning does, TobFrontier can do: the direct formulation   *)
(* refines the reduced one.                                                *)
(*                                                                         *)
(* The frontier of a learner is what it will be after its inbox.  What is  *)
(* observed, the sequences of decided models with their losses, is the     *)
(* same in both: Decided is what TobFrontier calls so, and the losses are  *)
(* TobLearning's own, of fewer models.                                     *)
(*                                                                         *)
(* The variables of TobFrontier are functions of those of TobLearning.     *)
(* They are variables all the same, so that TLC evaluates each once for a  *)
(* state, and not wherever it occurs.                                      *)
(***************************************************************************)
EXTENDS MCTobLearning

VARIABLES frontier, taken, kept

(* The learner l after its inbox. *)
Received(l, offer) == LET After(before) == Receive(before, offer, loss) IN Once(After, l)
RECURSIVE Fold(_, _)
Fold(l, offers) ==
    IF offers = << >> THEN l ELSE Fold(Received(l, Head(offers)), Tail(offers))

(* A frontier counts an evaluation for each decision and each ban, and not *)
(* a process's own draws.                                                  *)
AsFrontier(l) ==
    [l EXCEPT !.offered = 0, !.evaluations = Decisions(l.decided) + Len(l.banned)]
FrontierOf(p) == Once(AsFrontier, Fold(learner[p], inbox[p]))

Frontier == INSTANCE TobFrontier WITH loss <- kept, resilient <- TRUE

MapFrontier == [p \in Correct |-> FrontierOf(p)]
MapTaken == [p \in Correct |-> Decisions(learner[p].decided)]
MapKept == Frontier!Kept(loss, frontier, Decided)

MapInit == Init /\ frontier = MapFrontier /\ taken = MapTaken /\ kept = MapKept

Mapped == frontier' = MapFrontier' /\ taken' = MapTaken' /\ kept' = MapKept'
MapOffer(p) == Offer(p) /\ Mapped
MapOrder == Order(network) /\ Mapped
MapDeliver(p) == Deliver(p) /\ Mapped
MapByzantineOffer == ByzantineOffer /\ Mapped

MapNext == \/ \E p \in Correct : MapOffer(p) \/ MapDeliver(p)
           \/ MapOrder
           \/ MapByzantineOffer
MapSpec == MapInit /\ [][MapNext]_<<vars, frontier, taken, kept>>
MapFairSpec == MapSpec /\ Fairness

RefinesTobFrontier == Frontier!Spec
FairlyRefinesTobFrontier == Frontier!FairSpec
(* Offers that nobody could have drawn change nothing: two generations are *)
(* checked without them.                                                   *)
DrawnForgeries == {offer \in FewForgeries : IsOwnDraw(offer)}

SameObservation ==
    /\ Frontier!Decided = Decided
    /\ \A p \in Correct : \A i \in 2 .. Len(Decided[p]) :
        Decided[p][i] \in DOMAIN loss => Decided[p][i] \in DOMAIN kept
=============================================================================
