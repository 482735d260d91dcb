------------------------- MODULE MCTobFrontierAgrees ------------------------
(***************************************************************************)
(* Whatever TobFrontier does, TobLearning can do.                          *)
(*                                                                         *)
(* One step of the reduced formulation is several of the direct one, so    *)
(* this is no refinement mapping: both run side by side.  The reduced one  *)
(* leads with any step that it can make; the direct one then follows with  *)
(* steps of its own until it has caught up.  That it never gets stuck      *)
(* (NeverStuck), and that both have decided the same, with the same        *)
(* losses, whenever it has caught up (Agree), means: each behaviour of the *)
(* reduced formulation, as far as it can be observed, is one of the direct *)
(* formulation.                                                            *)
(*                                                                         *)
(* There is no bound on the Byzantine offers that the reduced formulation  *)
(* places.  It keeps all losses here (KeptAll), and it knows what a blend  *)
(* loses when the last of its offers is placed.  The direct one finds that *)
(* when a process comes to the blend, and never anything else.             *)
(***************************************************************************)
EXTENDS TobLearning, TLC

VARIABLES frontier, taken, known, resilient,    \* of the reduced formulation
          todo      \* what the direct one has to follow: << >>, or a step and its process

Reduced == INSTANCE TobFrontier WITH loss <- known
KeptAll(landscape, f, d) == Remembered(landscape, d)

both == <<vars, frontier, taken, known, resilient, todo>>

(* The learner l after its inbox.  (Where it comes to a blend whose loss   *)
(* is not known, the direct formulation has gone another way.)             *)
Received(l, offer) ==
    LET After(accepted) ==
            IF Blends(accepted) \subseteq DOMAIN known THEN Decide(accepted, known) ELSE accepted
        Of(before) == Once(After, Accept(before, offer, known))
    IN  Once(Of, l)
RECURSIVE Fold(_, _)
Fold(l, offers) ==
    IF offers = << >> THEN l ELSE Fold(Received(l, Head(offers)), Tail(offers))

(* A frontier does not count a process's own proposals. *)
AsFrontier(l) == [l EXCEPT !.offered = 0, !.evaluations =
    (Mu + BlendCost) * Decisions(l.decided) + Len(l.verified) + Len(l.banned)]
FrontierOf(p) == Once(AsFrontier, Fold(learner[p], inbox[p]))
(* Nothing but what is known, and all of that but for blends. *)
FindsKnown(landscape) ==
    \A m \in DOMAIN landscape : m \in DOMAIN known /\ landscape[m] = known[m]
IsAsKnown(landscape) ==
    /\ FindsKnown(landscape)
    /\ \A m \in DOMAIN known \ DOMAIN landscape : Cardinality(Last(m)) > 1
HasCaughtUp ==
    /\ Decided = Reduced!Decided
    /\ IsAsKnown(loss)
    /\ \A p \in Correct : FrontierOf(p) = frontier[p]
-----------------------------------------------------------------------------
BothInit == Init /\ Reduced!Init /\ todo = << >>

(* The reduced formulation makes a step ... *)
Lead(step, p) == todo = << >> /\ todo' = <<step, p>> /\ UNCHANGED vars
LeadOffer(p) == Lead("offer", p) /\ Reduced!Offer(p)
LeadTake(p) == Lead("take", p) /\ Reduced!Take(p)
LeadByzantineOffer(b) == Lead("byzantine offer", b) /\ Reduced!ByzantineOffer(b)

LeadNext == \/ \E p \in Correct : LeadOffer(p) \/ LeadTake(p)
            \/ \E b \in Byzantine : LeadByzantineOffer(b)

(* ... and the direct one draws the same losses ... *)
Follow(step, p) == todo = <<step, p>> /\ UNCHANGED <<frontier, taken, known, resilient>>
FollowOffer(p) ==
    /\ Follow("offer", p)
    /\ Offer(p)
    /\ IsAsKnown(loss')
    /\ todo' = <<"order", p>>

(* ... and has its offer ordered at once; *)
FollowOrder(p) ==
    /\ Follow("order", p)
    /\ Order({offer \in network : offer.sender = p})
    /\ todo' = << >>

(* the adversary sends what leads the learners to the same; *)
FollowByzantineOffer(b) ==
    /\ Follow("byzantine offer", b)
    /\ ByzantineOffer
    /\ IsAsKnown(loss')
    /\ \A p \in Correct : FrontierOf(p)' = frontier[p]
    /\ todo' = << >>

(* or a process takes what has been ordered, up to its decision. *)
FollowTake(p) ==
    /\ Follow("take", p)
    /\ Deliver(p)
    /\ FindsKnown([m \in DOMAIN loss' \ DOMAIN loss |-> loss'[m]])
    /\ todo' = IF Decisions(learner'[p].decided) = taken[p] THEN << >> ELSE todo

FollowNext == \/ \E p \in Correct : FollowOffer(p) \/ FollowOrder(p) \/ FollowTake(p)
              \/ \E b \in Byzantine : FollowByzantineOffer(b)

BothSpec == BothInit /\ [][LeadNext \/ FollowNext]_both
-----------------------------------------------------------------------------
Agree == todo = << >> => HasCaughtUp
NeverStuck == todo # << >> => ENABLED FollowNext

(* The offers that the adversary needs: all that somebody may accept. *)
AcceptableForgeries ==
    {MakeOffer(b, parent, ticket, claim) :
        b \in Byzantine, claim \in Losses, parent \in {Parent(FrontierOf(p)) : p \in Correct},
        ticket \in [generation : 1 .. Generations, proposer : Byzantine, weights : Weights]}

Symmetric == Permutations(Correct)
=============================================================================
