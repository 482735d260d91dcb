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
            /\ loss' \in Revealed(loss, new)
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

(* Weights are not checked: a ticket may have others than everybody has.   *)
(* Lineage is violated.                                                    *)
AnyDraw(offer) == /\ offer.ticket.generation = Generation(offer.parent) + 1
                  /\ offer.ticket.proposer = offer.sender

(* Nor is it checked that the sender drew the ticket, and it is the one    *)
(* that the ticket names who is banned.  Accuracy is violated.  (Where the *)
(* sender is banned none of the properties is violated in this instance:   *)
(* what is lost is that the adversary cannot choose among the tickets of   *)
(* others.)                                                                *)
ForeignDraw(offer) ==
    IsOwnTicket(offer.ticket, Generation(offer.parent) + 1, offer.ticket.proposer)
BanTheNamed(l, i, landscape) ==
    LET offer == l.accepted[i]
        evaluated == [l EXCEPT !.accepted = Remove(@, i), !.evaluations = @ + 1]
    IN  IF IsTrueClaim(offer, landscape)
        THEN [evaluated EXCEPT !.verified = Append(@, offer)]
        ELSE [evaluated EXCEPT !.banned = Append(@, offer.ticket.proposer)]

(* Of equal claims a process prefers its own.  Agreement is violated.  (In *)
(* this instance nobody lies, and mu = 1.)                                 *)
OwnFirst(p, accepted) ==
    LET least == LeastClaim(accepted)
        Own(i) == accepted[i].sender = p /\ accepted[i].claim = accepted[least].claim
    IN  IF \E i \in DOMAIN accepted : Own(i) THEN CHOOSE i \in DOMAIN accepted : Own(i) ELSE least
VerifyOwnFirst(p, l) == IF HasEnough(l) THEN Evaluate(l, OwnFirst(p, l.accepted), loss) ELSE l
ReceiveOwnFirst(p, l, offer) ==
    IF IsAcceptable(l, offer)
    THEN Decide(VerifyOwnFirst(p, [l EXCEPT !.accepted = Append(@, offer)]), loss)
    ELSE l
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

(* THE BLEND. *)

(* A false claim among the mu is tolerated: its offer counts, at the loss  *)
(* that was found.  Resilience is violated.                                *)
Tolerate(l, i, landscape) ==
    LET offer == [l.accepted[i] EXCEPT !.claim = landscape[Offered(l.accepted[i])]]
    IN  [l EXCEPT !.accepted = Remove(@, i), !.evaluations = @ + 1,
                  !.verified = Append(@, offer)]

(* The next model of l, if it has mu verified offers. *)
DecideNext(l, next) ==
    IF ~IsVerified(l) THEN l
    ELSE [l EXCEPT !.decided = Append(@, next), !.accepted = << >>, !.verified = << >>,
                   !.evaluations = @ + BlendCost]

(* There is no floor: the blend is decided.  Resilience is violated. *)
DecideNoFloor(l, landscape) == DecideNext(l, Blend(l))

(* The floor is compared the wrong way: of the blend and the best offer    *)
(* the worse is decided.  RankResilience is violated, and Resilience.      *)
DecideWorse(l, landscape) == DecideNext(l,
    IF landscape[Blend(l)] > Floor(l).claim THEN Blend(l) ELSE Offered(Floor(l)))

(* The blend is decided, and nobody has evaluated it.                      *)
(* RefinesModelConsensus is violated.                                      *)
NoBlends(l) == {}

(* One verified offer less is enough.  EvaluationsAreExact is violated. *)
OneLessVerified(l) == Len(l.verified) >= Mu - 1

(* A blend of offers that nobody verified violates none of the properties  *)
(* as long as the floor is verified: it is decided only if it is better.   *)
(* Where claims are believed, so is the floor, and Resilience is violated  *)
(* (AnyClaim).                                                             *)

(* WHAT IS ASSUMED OF THE PROCESSES. *)

(* A4: processes find different losses of one model.  Agreement is         *)
(* violated, and nobody need be Byzantine.                                 *)
DeliverNoisy(p) ==
    /\ inbox[p] # << >>
    /\ inbox' = [inbox EXCEPT ![p] = Tail(@)]
    /\ \E noise \in Revealed(<< >>, DOMAIN loss) :
        learner' = [learner EXCEPT ![p] = Receive(@, Head(inbox[p]), noise)]
    /\ loss' = Remembered(loss, Decided')
    /\ UNCHANGED network

(* Senders can be forged: anybody can be blamed for a lie.  BansAtMostF is *)
(* violated.                                                               *)
ForgedSenders == IF \E p \in Correct : inbox[p] # << >> THEN {} ELSE
    {MakeOffer(p, Genesis, Ticket(1, p, Single(1)), 0) : p \in Proc}

(* More than f processes are Byzantine: f is one, and two of them are.     *)
(* Resilience is violated.                                                 *)
One == 1

(* THE BOUND.  T3 is tight: not every decided model matches one more       *)
(* honest proposal, even if all draws of correct processes have been       *)
(* evaluated.  It is the adversary who schedules, after it has seen the    *)
(* losses: no honest proposal can count on being among the lambda.         *)
ResilienceAndOneMore == \A p \in Correct : \A i \in 2 .. Len(Decided[p]) :
    LET parent == Decided[p][i - 1]
        honest == UNION {AllDrawn(parent, q) : q \in Correct}
    IN  honest \subseteq DOMAIN loss /\ Decided[p][i] \in DOMAIN loss =>
            AtLeastAsGood(loss, Decided[p][i], parent, HonestMatches + 1)

(* The same in processes: that at most n - lambda - 1 had something better *)
(* is violated.                                                            *)
RankAndOneFewer == \A p \in Correct : \A i \in 2 .. Len(Decided[p]) :
    Decided[p][i] \in DOMAIN loss =>
        Cardinality(HadBetter(Decided[p][i], Decided[p][i - 1])) <= N - Lambda - 1
=============================================================================
