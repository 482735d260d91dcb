------------------------- MODULE MCTobLearningAgrees ------------------------
(***************************************************************************)
(* Whatever TobLearning does, TobFrontier can do: the direct formulation   *)
(* refines the reduced one.                                                *)
(*                                                                         *)
(* The frontier of a learner is what it will be after its inbox.  The loss *)
(* of a blend that it will come to there is found only later: a prophecy   *)
(* variable, `foretold', has it from the step on that gives the last of    *)
(* the offers its place, and the delivery must find what was foretold.  As *)
(* any loss may be foretold, this forbids nothing.                         *)
(*                                                                         *)
(* What is observed, the sequences of decided models with their losses, is *)
(* the same in both: Decided is what TobFrontier calls so, and the losses  *)
(* are TobLearning's own, of fewer models.                                 *)
(*                                                                         *)
(* The variables of TobFrontier are functions of those of TobLearning.     *)
(* They are variables all the same, so that TLC evaluates each once for a  *)
(* state, and not wherever it occurs.                                      *)
(***************************************************************************)
EXTENDS MCTobLearning

VARIABLES foretold, frontier, taken, kept

mapVars == <<vars, foretold, frontier, taken, kept>>

(* The landscape, with what is foretold; the learner l after its inbox. *)
Known == Reveal(loss, foretold)
Received(l, offer) == LET After(before) == Receive(before, offer, Known) IN Once(After, l)
RECURSIVE Fold(_, _)
Fold(l, offers) ==
    IF offers = << >> THEN l ELSE Fold(Received(l, Head(offers)), Tail(offers))

(* A frontier does not count a process's own proposals. *)
AsFrontier(l) == [l EXCEPT !.offered = 0, !.evaluations =
    (Mu + BlendCost) * Decisions(l.decided) + Len(l.verified) + Len(l.banned)]
FrontierOf(p) == Once(AsFrontier, Fold(learner[p], inbox[p]))

Frontier == INSTANCE TobFrontier WITH loss <- kept, resilient <- TRUE

MapFrontier == [p \in Correct |-> FrontierOf(p)]
MapTaken == [p \in Correct |-> Decisions(learner[p].decided)]
MapKept == Frontier!Kept(Known, frontier, Decided)

MapInit == /\ Init
           /\ foretold = << >>
           /\ frontier = MapFrontier /\ taken = MapTaken /\ kept = MapKept

(* An offer gets its place: what do the blends lose that it leads to? *)
ComesTo(landscape) ==
    UNION {Blends(Accept(frontier[p], Last(inbox'[p]), landscape)) : p \in Correct}
Foretell == \E known \in {Reveal(loss', foretold)} :
    \E landscape \in Revealed(known, ComesTo(known)) :
        foretold' = [m \in DOMAIN landscape \ DOMAIN loss' |-> landscape[m]]

(* What has been foretold is found, if it is evaluated now. *)
Fulfil ==
    /\ \A m \in DOMAIN foretold \cap DOMAIN loss' : loss'[m] = foretold[m]
    /\ foretold' = [m \in DOMAIN foretold \ DOMAIN loss' |-> foretold[m]]

Mapped == frontier' = MapFrontier' /\ taken' = MapTaken' /\ kept' = MapKept'
MapOffer(p) == Offer(p) /\ Fulfil /\ Mapped
MapOrder == Order(network) /\ Foretell /\ Mapped
MapDeliver(p) == Deliver(p) /\ Fulfil /\ Mapped
MapByzantineOffer == ByzantineOffer /\ Foretell /\ Mapped

MapNext == \/ \E p \in Correct : MapOffer(p) \/ MapDeliver(p)
           \/ MapOrder
           \/ MapByzantineOffer
MapSpec == MapInit /\ [][MapNext]_mapVars
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
