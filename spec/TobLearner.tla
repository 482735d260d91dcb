----------------------------- MODULE TobLearner -----------------------------
(***************************************************************************)
(* The learner of evolutionary search over Total Order Broadcast: a fold   *)
(* over the offers that are delivered to it.                               *)
(*                                                                         *)
(* A learner accepts the legal offers on its current model, one of each    *)
(* proposer.  Once it has lambda of them it evaluates those of the least   *)
(* claims, one after the other.  An offer whose claim is false is dropped, *)
(* and its proposer is banned for ever; an offer whose claim is true is    *)
(* verified.  Once mu are verified, the next model is their blend, if that *)
(* is better than the best of them, and else the best of them: the floor.  *)
(*                                                                         *)
(* With mu = 1 and single draws this is (1,lambda)-Evolutionary Search.    *)
(*                                                                         *)
(* There are no variables here.  TobLearning and TobFrontier put the same  *)
(* learner into two models of the broadcast.                               *)
(***************************************************************************)
EXTENDS EvolutionarySearch

CONSTANTS Lambda,       \* how many offers a selection needs
          Mu,           \* how many of them are blended
          Generations   \* how many generations are decided

F == Cardinality(Byzantine)
N == Cardinality(Proc)

ASSUME TobLearnerAssumption ==
    /\ Byzantine # Proc
    /\ Lambda \in 1 .. N
    /\ Mu \in 1 .. Lambda
    /\ Generations \in Nat

(* What the theorems ask of lambda.  It is never assumed: a model whose    *)
(* lambda is larger shows what goes wrong.                                 *)
LambdaIsLive == F < Lambda /\ Lambda <= N - F

(* T3: how many honest proposals a decided model matches.  Of lambda offers*)
(* at least lambda - f are honest, each at least as good as Draws others.  *)
HonestMatches == Draws * (Lambda - F)

(* T5: what a correct process evaluates in a generation at most: its own   *)
(* draws and their recombination, mu offers, and their blend.              *)
BlendCost == IF Mu > 1 THEN 1 ELSE 0
GenerationCost == ProposalCost + Mu + BlendCost

(* An offer says who sends it, on which model, by which ticket, and which  *)
(* loss that proposal is claimed to have.                                  *)
MakeOffer(p, parent, ticket, claim) ==
    [sender |-> p, parent |-> parent, ticket |-> ticket, claim |-> claim]

(* What a correct process offers on `parent'. *)
HonestOffer(landscape, parent, p) ==
    LET Of(best) == MakeOffer(p, parent, best, landscape[Proposal(parent, best)])
    IN  Once(Of, BestTicket(landscape, parent, p))

(* The model that an offer is about. *)
Offered(offer) == Proposal(offer.parent, offer.ticket)
-----------------------------------------------------------------------------
(* The state of a learner:                                                 *)
(*   decided      the models decided, from the genesis model on            *)
(*   accepted     the offers of this generation that wait for evaluation,  *)
(*                in order of delivery                                     *)
(*   verified     those that were found true, in order of evaluation       *)
(*   banned       the proposers caught lying, in order                     *)
(*   offered      the last generation for which it made its own offer      *)
(*   evaluations  how many models it has evaluated                         *)

NewLearner == [decided |-> <<Genesis>>, accepted |-> << >>, verified |-> << >>,
               banned |-> << >>, offered |-> 0, evaluations |-> 0]

Parent(l) == Last(l.decided)
CurrentGeneration(l) == Decisions(l.decided) + 1

(* l accepts an offer that its sender drew legally on l's current model,   *)
(* if it is this sender's first in the generation and the sender was never *)
(* caught lying.                                                           *)
IsOnParent(l, offer) == offer.parent = Parent(l)
IsOwnDraw(offer) == IsOwnTicket(offer.ticket, Generation(offer.parent) + 1, offer.sender)
IsLegalOffer(l, offer) == IsOnParent(l, offer) /\ IsOwnDraw(offer)
IsFirst(l, offer) == \A i \in DOMAIN (l.accepted \o l.verified) :
    (l.accepted \o l.verified)[i].sender # offer.sender
IsBanned(l, p) == p \in Range(l.banned)
IsAcceptable(l, offer) ==
    IsLegalOffer(l, offer) /\ IsFirst(l, offer) /\ ~IsBanned(l, offer.sender)

(* The position of the least claim; of equal ones, the earliest. *)
LeastClaim(offers) == CHOOSE i \in DOMAIN offers : \A k \in DOMAIN offers :
    \/ offers[i].claim < offers[k].claim
    \/ offers[i].claim = offers[k].claim /\ i <= k

(* The claim is the loss of the offered model. *)
IsTrueClaim(offer, landscape) == landscape[Offered(offer)] = offer.claim

Remove(s, i) == SubSeq(s, 1, i - 1) \o SubSeq(s, i + 1, Len(s))

(* Evaluate the offer accepted at position i: it is verified, or its       *)
(* proposer is banned.                                                     *)
Evaluate(l, i, landscape) ==
    LET offer == l.accepted[i]
        evaluated == [l EXCEPT !.accepted = Remove(@, i), !.evaluations = @ + 1]
    IN  IF IsTrueClaim(offer, landscape)
        THEN [evaluated EXCEPT !.verified = Append(@, offer)]
        ELSE [evaluated EXCEPT !.banned = Append(@, offer.sender)]

(* With lambda offers: evaluate the least claims, one after the other,     *)
(* until mu offers are verified.  A false claim leaves fewer than lambda   *)
(* offers, and the learner waits for another one.                          *)
HasEnough(l) == Len(l.accepted) + Len(l.verified) >= Lambda
IsVerified(l) == Len(l.verified) >= Mu
RECURSIVE Verify(_, _)
Verify(l, landscape) ==
    LET Rest(evaluated) == Verify(evaluated, landscape)
    IN  IF HasEnough(l) /\ ~IsVerified(l)
        THEN Once(Rest, Evaluate(l, LeastClaim(l.accepted), landscape))
        ELSE l

(* The verified offer of the least claim, and the step of all of them. *)
Floor(l) == l.verified[LeastClaim(l.verified)]
Blend(l) == Offspring(Floor(l).parent, {offer.ticket : offer \in Range(l.verified)})

(* With mu verified offers: decide their blend if it is better than the    *)
(* floor, else the floor.  (The blend of one offer is that offer.)         *)
Decide(l, landscape) ==
    LET Next == IF landscape[Blend(l)] < Floor(l).claim THEN Blend(l) ELSE Offered(Floor(l))
    IN  IF ~IsVerified(l) THEN l
        ELSE [l EXCEPT !.decided = Append(@, Next), !.accepted = << >>, !.verified = << >>,
                       !.evaluations = @ + BlendCost]

(* l after the delivery of an offer, but for the decision; and the blend   *)
(* that it evaluates for that decision.                                    *)
Accept(l, offer, landscape) ==
    IF IsAcceptable(l, offer)
    THEN Verify([l EXCEPT !.accepted = Append(@, offer)], landscape)
    ELSE l
Blends(l) == IF IsVerified(l) THEN {Blend(l)} ELSE {}

(* l after the delivery of an offer. *)
Receive(l, offer, landscape) ==
    LET Decided(accepted) == Decide(accepted, landscape)
    IN  Once(Decided, Accept(l, offer, landscape))
=============================================================================
