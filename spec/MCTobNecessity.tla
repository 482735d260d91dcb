--------------------------- MODULE MCTobNecessity ---------------------------
(***************************************************************************)
(* Every assumption of TobLearning is necessary.  Each operator here drops *)
(* one of them; the configuration of that name puts it in the place of the *)
(* specification's, and TLC finds the counterexample.                      *)
(***************************************************************************)
EXTENDS MCTobLearning

(* Some need no Byzantine process: it keeps silent. *)
Silence == {}

(* TOTAL ORDER. *)

(* The network delivers everything to everybody, in any order.  Agreement  *)
(* is violated.                                                            *)
OrderAnyhow(offers) == \E offer \in offers :
    /\ network' = network \ {offer}
    /\ \E place \in [Correct -> BOOLEAN] :
        inbox' = [p \in Correct |-> IF place[p] THEN Append(inbox[p], offer)
                                                ELSE <<offer>> \o inbox[p]]
    /\ UNCHANGED <<learner, loss>>

(* A Byzantine process tells one thing to one and another to others.       *)
(* Agreement is violated.                                                  *)
EquivocalOffer ==
    /\ \E b \in Byzantine :
       \E sent \in [Correct -> {o \in Forgeries : o.sender = b /\ IsOwnDraw(o)}] :
        LET new == {Offered(sent[p]) : p \in Correct}
        IN  /\ inbox' = [p \in Correct |-> Append(inbox[p], sent[p])]
            /\ \E drawn \in Landscapes(new \ DOMAIN loss) : loss' = Reveal(loss, drawn)
    /\ UNCHANGED <<network, learner>>

(* THE LEARNER. *)

(* Claims are believed.  Resilience is violated. *)
AnyClaim(offer, landscape) == TRUE

(* Two offers of one process are accepted: lambda offers no longer have    *)
(* lambda - f honest ones among them.  Resilience is violated.             *)
AnyNumber(l, offer) == TRUE

(* An offer on any model that was ever decided is accepted.  No Byzantine  *)
(* process is needed: a slow one is enough.  Lineage is violated.          *)
OnAnyParent(l, offer) == \E i \in DOMAIN l.decided : offer.parent = l.decided[i]

(* Tickets are not checked: draws beyond those that everybody has.         *)
(* Lineage is violated.                                                    *)
AnyDraw(offer) == /\ offer.ticket.generation = Generation(offer.parent) + 1
                  /\ offer.ticket.proposer = offer.sender

(* Nor is it checked that the sender drew the ticket, and it is the one    *)
(* that the ticket names who is banned.  Accuracy is violated.  (Where the *)
(* sender is banned none of the properties is violated in this instance:   *)
(* what is lost is that the adversary cannot choose among the tickets of   *)
(* others.)                                                                *)
ForeignDraw(offer) ==
    offer.ticket \in OwnTickets(Generation(offer.parent) + 1, offer.ticket.proposer)
BanTheNamed(l, i, landscape) ==
    LET offer == l.accepted[i]
        evaluated == [l EXCEPT !.evaluations = @ + 1]
    IN  IF IsTrueClaim(offer, landscape)
        THEN [evaluated EXCEPT !.decided = Append(@, Offered(offer)), !.accepted = << >>]
        ELSE [evaluated EXCEPT !.accepted = Remove(@, i),
                               !.banned = Append(@, offer.ticket.proposer)]

(* Of equal claims a process prefers its own.  Agreement is violated. *)
OwnFirst(p, accepted) ==
    LET least == LeastClaim(accepted)
        Own(i) == accepted[i].sender = p /\ accepted[i].claim = accepted[least].claim
    IN  IF \E i \in DOMAIN accepted : Own(i) THEN CHOOSE i \in DOMAIN accepted : Own(i) ELSE least
ReceiveOwnFirst(p, l, offer) ==
    LET accepted == Append(l.accepted, offer)
    IN  IF ~IsAcceptable(l, offer) THEN l
        ELSE IF Len(accepted) < Lambda THEN [l EXCEPT !.accepted = accepted]
        ELSE Evaluate([l EXCEPT !.accepted = accepted], OwnFirst(p, accepted), loss)
DeliverOwnFirst(p) ==
    /\ inbox[p] # << >>
    /\ inbox' = [inbox EXCEPT ![p] = Tail(@)]
    /\ learner' = [learner EXCEPT ![p] = ReceiveOwnFirst(p, @, Head(inbox[p]))]
    /\ loss' = Remembered(loss, Decided')
    /\ UNCHANGED network

(* Liars are not banned.  EvaluationBound is violated. *)
NeverBanned(l, p) == FALSE

(* lambda = n - f + 1 needs no operator: the adversary is silent.          *)
(* Termination is violated.                                                *)

(* THE BOUND.  T3 is tight: not every decided model matches one more       *)
(* honest offspring, even if all honest offspring have been drawn.         *)
ResilienceAndOneMore == \A p \in Correct : \A i \in 2 .. Len(Decided[p]) :
    LET parent == Decided[p][i - 1]
        honest == UNION {OwnOffspring(parent, q) : q \in Correct}
    IN  honest \subseteq DOMAIN loss =>
            AtLeastAsGood(loss, Decided[p][i], parent, HonestMatches + 1)
=============================================================================
