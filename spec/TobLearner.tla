----------------------------- MODULE TobLearner -----------------------------
(***************************************************************************)
(* The learner of (1,lambda)-Evolutionary Search over Total Order          *)
(* Broadcast: a fold over the offers that are delivered to it.             *)
(*                                                                         *)
(* A learner accepts the legal offers on its current model, one of each    *)
(* proposer.  Once lambda are accepted it evaluates the one of the least   *)
(* claim.  If the claim is true, the offered model is the next one; if     *)
(* not, the proposer is banned for ever and the offer is dropped.          *)
(*                                                                         *)
(* There are no variables here.  TobLearning and TobFrontier put the same  *)
(* learner into two models of the broadcast.                               *)
(***************************************************************************)
EXTENDS EvolutionarySearch

CONSTANTS Lambda,       \* how many offers a selection needs
          Generations   \* how many generations are decided

F == Cardinality(Byzantine)
N == Cardinality(Proc)

ASSUME TobLearnerAssumption ==
    /\ Byzantine # Proc
    /\ Lambda \in 1 .. N
    /\ Generations \in Nat

(* What the theorems ask of lambda.  It is never assumed: a model whose    *)
(* lambda is larger shows what goes wrong.                                 *)
LambdaIsLive == F < Lambda /\ Lambda <= N - F

(* T3: how many honest offspring a decided model matches.  Of lambda       *)
(* accepted offers at least lambda - f are honest, each the best of Draws. *)
HonestMatches == Draws * (Lambda - F)

(* An offer says who sends it, on which model, by which ticket, and which  *)
(* loss that offspring is claimed to have.                                 *)
MakeOffer(p, parent, ticket, claim) ==
    [sender |-> p, parent |-> parent, ticket |-> ticket, claim |-> claim]

(* What a correct process offers on `parent': the best of its draws. *)
HonestOffer(landscape, parent, p) ==
    LET best == BestTicket(landscape, parent, p)
    IN  MakeOffer(p, parent, best, landscape[Offspring(parent, best)])

(* The model that an offer is about. *)
Offered(offer) == Offspring(offer.parent, offer.ticket)
-----------------------------------------------------------------------------
(* The state of a learner:                                                 *)
(*   decided      the models decided, from the genesis model on            *)
(*   accepted     the offers accepted in this generation, in order         *)
(*   banned       the proposers caught lying, in order                     *)
(*   offered      the last generation for which it made its own offer      *)
(*   evaluations  how many models it has evaluated                         *)

NewLearner == [decided |-> <<Genesis>>, accepted |-> << >>, banned |-> << >>,
               offered |-> 0, evaluations |-> 0]

Parent(l) == Last(l.decided)
CurrentGeneration(l) == Decisions(l.decided) + 1

(* l accepts an offer that its sender drew legally on l's current model,   *)
(* if it is this sender's first in the generation and the sender was never *)
(* caught lying.                                                           *)
IsOnParent(l, offer) == offer.parent = Parent(l)
IsOwnDraw(offer) == offer.ticket \in OwnTickets(Generation(offer.parent) + 1, offer.sender)
IsLegal(l, offer) == IsOnParent(l, offer) /\ IsOwnDraw(offer)
IsFirst(l, offer) == \A i \in DOMAIN l.accepted : l.accepted[i].sender # offer.sender
IsBanned(l, p) == p \in Range(l.banned)
IsAcceptable(l, offer) ==
    IsLegal(l, offer) /\ IsFirst(l, offer) /\ ~IsBanned(l, offer.sender)

(* The position of the least claim; of equal ones, the earliest delivered. *)
LeastClaim(accepted) == CHOOSE i \in DOMAIN accepted : \A k \in DOMAIN accepted :
    \/ accepted[i].claim < accepted[k].claim
    \/ accepted[i].claim = accepted[k].claim /\ i <= k

(* The claim is the loss of the offered model. *)
IsTrueClaim(offer, landscape) == landscape[Offered(offer)] = offer.claim

Remove(s, i) == SubSeq(s, 1, i - 1) \o SubSeq(s, i + 1, Len(s))

(* Evaluate the offer accepted at position i: decide its model, or ban its *)
(* proposer and drop it.                                                   *)
Evaluate(l, i, landscape) ==
    LET offer == l.accepted[i]
        evaluated == [l EXCEPT !.evaluations = @ + 1]
    IN  IF IsTrueClaim(offer, landscape)
        THEN [evaluated EXCEPT !.decided = Append(@, Offered(offer)), !.accepted = << >>]
        ELSE [evaluated EXCEPT !.accepted = Remove(@, i), !.banned = Append(@, offer.sender)]

(* With lambda offers accepted: evaluate the one of the least claim.  An   *)
(* offer makes lambda - 1 accepted offers lambda, and either outcome       *)
(* leaves fewer: a delivery costs at most one evaluation.                  *)
Select(l, landscape) ==
    IF Len(l.accepted) < Lambda
    THEN l
    ELSE Evaluate(l, LeastClaim(l.accepted), landscape)

(* l after the delivery of an offer. *)
Receive(l, offer, landscape) ==
    IF IsAcceptable(l, offer)
    THEN Select([l EXCEPT !.accepted = Append(@, offer)], landscape)
    ELSE l
=============================================================================
