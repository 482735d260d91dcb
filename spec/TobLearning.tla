----------------------------- MODULE TobLearning ----------------------------
(***************************************************************************)
(* (1,lambda)-Evolutionary Search over Total Order Broadcast.              *)
(*                                                                         *)
(* In each generation a process draws its own tickets on its current model *)
(* and broadcasts one offer: the ticket of least loss, with its claim to   *)
(* that loss.  A learner (TobLearner) takes the offers in the order of     *)
(* delivery: it is a fold over what has been delivered, and all correct    *)
(* learners fold the same sequence.  That is the whole argument.           *)
(*                                                                         *)
(* This is the direct formulation: the one to read, and the one whose      *)
(* state graph the implementation is compared with.  TobFrontier is the    *)
(* same algorithm with far fewer states.                                   *)
(***************************************************************************)
EXTENDS TobLearner

VARIABLES network,      \* the offers broadcast and not yet ordered
          inbox,        \* inbox[p]: the offers ordered and not yet delivered at p
          learner,      \* learner[p]: the learner of p
          loss          \* the losses of the models drawn and still of interest

vars == <<network, inbox, learner, loss>>

Decided == [p \in Correct |-> learner[p].decided]

Init == /\ network = {}
        /\ inbox = [p \in Correct |-> << >>]
        /\ learner = [p \in Correct |-> NewLearner]
        /\ loss = << >>

(* CORRECT.  p draws its tickets on its current model and broadcasts the   *)
(* best as its offer.                                                      *)
Offer(p) ==
    LET l == learner[p]
        parent == Parent(l)
        own == OwnOffspring(parent, p)
    IN  /\ l.offered < CurrentGeneration(l)
        /\ CurrentGeneration(l) <= Generations
        /\ \E new \in Landscapes(own \ DOMAIN loss) : loss' = Reveal(loss, new)
        /\ network' = network \cup {HonestOffer(loss', parent, p)}
        /\ learner' = [learner EXCEPT ![p].offered = CurrentGeneration(l),
                                      ![p].evaluations = @ + Draws]
        /\ UNCHANGED inbox

(* One of the broadcast offers gets its place in the total order. *)
Order(offers) == \E offer \in offers :
    /\ network' = network \ {offer}
    /\ inbox' = [p \in Correct |-> Append(inbox[p], offer)]
    /\ UNCHANGED <<learner, loss>>

(* p takes the next offer of the order. *)
Deliver(p) ==
    /\ inbox[p] # << >>
    /\ inbox' = [inbox EXCEPT ![p] = Tail(@)]
    /\ learner' = [learner EXCEPT ![p] = Receive(@, Head(inbox[p]), loss)]
    /\ loss' = Remembered(loss, Decided')
    /\ UNCHANGED network

(* ADVERSARY.  A Byzantine process can name any model and any ticket and   *)
(* claim any loss; only its name as the sender it cannot forge.  It sends  *)
(* an offer when the order has a place for it: to send it earlier gives it *)
(* nothing.  Parents are among the models drawn, for an offer on another   *)
(* one is never accepted.                                                  *)
Forgeries == [sender : Byzantine,
              parent : DOMAIN loss \cup {Genesis},
              ticket : [generation : 1 .. Generations, proposer : Proc, draw : 0 .. Draws],
              claim : Losses]

(* A Byzantine offer gets its place in the total order.  If a learner may  *)
(* come to evaluate it, its true loss is from now on what it is.           *)
ByzantineOffer == \E offer \in Forgeries :
    LET model == Offered(offer)
        matters == /\ IsOwnDraw(offer)
                   /\ IsCurrent(model, Decided)
                   /\ model \notin DOMAIN loss
    IN  /\ inbox' = [p \in Correct |-> Append(inbox[p], offer)]
        /\ \E new \in Landscapes(IF matters THEN {model} ELSE {}) : loss' = Reveal(loss, new)
        /\ UNCHANGED <<network, learner>>
-----------------------------------------------------------------------------
CorrectNext == \/ \E p \in Correct : Offer(p)
               \/ Order(network)
               \/ \E p \in Correct : Deliver(p)

Next == CorrectNext \/ ByzantineOffer

(* Correct processes go on, and what they broadcast gets its place. *)
Fairness == \A p \in Correct :
    /\ WF_vars(Offer(p))
    /\ WF_vars(Order({offer \in network : offer.sender = p}))
    /\ WF_vars(Deliver(p))

Spec == Init /\ [][Next]_vars
FairSpec == Spec /\ Fairness
-----------------------------------------------------------------------------
IsOffer(o) == /\ o.sender \in Proc
              /\ o.claim \in Losses
              /\ DOMAIN o = {"sender", "parent", "ticket", "claim"}

TypeOK ==
    /\ \A o \in network : IsOffer(o)
    /\ DOMAIN inbox = Correct
    /\ \A p \in Correct : \A i \in DOMAIN inbox[p] : IsOffer(inbox[p][i])
    /\ DOMAIN learner = Correct
    /\ \A p \in Correct :
        /\ CurrentGeneration(learner[p]) \in 1 .. Generations + 1
        /\ learner[p].offered \in 0 .. CurrentGeneration(learner[p])
        /\ Len(learner[p].accepted) < Lambda
        /\ \A i \in DOMAIN learner[p].accepted : IsOffer(learner[p].accepted[i])
        /\ Range(learner[p].banned) \subseteq Proc
        /\ learner[p].evaluations \in Nat
    /\ \A m \in DOMAIN loss : loss[m] \in Losses

(* SAFETY.  T1: the outputs agree, and each is a path of offspring. *)
Agreement == AgreementOf(Decided)
Lineage == LineageOf(Decided)

(* T2: no correct process is banned; all ban the same in the same order. *)
Accuracy == \A p \in Correct : Range(learner[p].banned) \subseteq Byzantine
SameBans == \A p, q \in Correct :
    \/ IsPrefix(learner[p].banned, learner[q].banned)
    \/ IsPrefix(learner[q].banned, learner[p].banned)
BansAtMostF == \A p \in Correct : Len(learner[p].banned) <= F

(* T3: a decided model matches every draw of lambda - f correct processes. *)
Resilience == ResilienceOf(loss, Decided, HonestMatches)

(* T5: at most draws evaluations for each own offer, one for each decision *)
(* and one for each Byzantine process, however long the run.               *)
EvaluationBound == \A p \in Correct : learner[p].evaluations <=
    Draws * learner[p].offered + Decisions(learner[p].decided) + F

(* Short of the last generation, a correct process can always go on. *)
NoDeadlock == \/ \A p \in Correct : Decisions(learner[p].decided) = Generations
              \/ ENABLED CorrectNext

(* LIVENESS.  T4: every correct process decides every generation. *)
Termination == \A p \in Correct : <>(Decisions(learner[p].decided) = Generations)

(* REFINEMENT. *)
MC == INSTANCE ModelConsensus WITH
    decided <- Decided, Unchosen <- Correct, Rho <- HonestMatches
RefinesModelConsensus == MC!Spec

Models == UNION {{m \in [1 .. g -> [generation : 1 .. g, proposer : Proc, draw : 0 .. Draws - 1]] :
                    \A i \in 1 .. g : m[i].generation = i} : g \in 0 .. Generations}
Offers(senders) ==
    [sender : senders, parent : Models,
     ticket : [generation : 1 .. Generations, proposer : Proc, draw : 0 .. Draws],
     claim : Losses]
TOB == INSTANCE TotalOrderBroadcast WITH
    Message <- Offers(Correct), Forgery <- Offers(Byzantine), Batch <- 1
RefinesTotalOrderBroadcast == TOB!Spec
FairlyRefinesTotalOrderBroadcast == TOB!FairSpec
-----------------------------------------------------------------------------
THEOREM Spec => [](TypeOK /\ Agreement /\ Lineage)
THEOREM Spec => [](Accuracy /\ SameBans /\ BansAtMostF)
THEOREM Spec => []Resilience
THEOREM Spec => []EvaluationBound
THEOREM LambdaIsLive => (FairSpec => Termination)
THEOREM Spec => RefinesModelConsensus
THEOREM Spec => RefinesTotalOrderBroadcast
THEOREM FairSpec => FairlyRefinesTotalOrderBroadcast
=============================================================================
