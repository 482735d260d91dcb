----------------------------- MODULE TobLearning ----------------------------
(***************************************************************************)
(* Evolutionary search over Total Order Broadcast.                         *)
(*                                                                         *)
(* In each generation a process evaluates its own draws on its current     *)
(* model and broadcasts one offer: its best ticket, with its claim to that *)
(* loss.  A learner (TobLearner) takes the offers in the order of          *)
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

(* CORRECT.  p evaluates its draws on its current model and broadcasts its *)
(* best ticket as its offer.                                               *)
Offer(p) ==
    LET l == learner[p]
        parent == Parent(l)
    IN  /\ l.offered < CurrentGeneration(l)
        /\ CurrentGeneration(l) <= Generations
        /\ \E landscape \in Explored(loss, parent, p) :
            /\ network' = network \cup {HonestOffer(landscape, parent, p)}
            /\ loss' = landscape
        /\ learner' = [learner EXCEPT ![p].offered = CurrentGeneration(l),
                                      ![p].evaluations = @ + ProposalCost]
        /\ UNCHANGED inbox

(* One of the broadcast offers gets its place in the total order. *)
Order(offers) == \E offer \in offers :
    /\ network' = network \ {offer}
    /\ inbox' = [p \in Correct |-> Append(inbox[p], offer)]
    /\ UNCHANGED <<learner, loss>>

(* p takes the next offer of the order.  If it comes to a blend that       *)
(* nobody has evaluated, the landscape says what that loses.               *)
Deliver(p) ==
    /\ inbox[p] # << >>
    /\ inbox' = [inbox EXCEPT ![p] = Tail(@)]
    /\ \E accepted \in {Accept(learner[p], Head(inbox[p]), loss)} :
       \E landscape \in Revealed(loss, Blends(accepted)) :
        /\ learner' = [learner EXCEPT ![p] = Decide(accepted, landscape)]
        /\ loss' = Remembered(landscape, Decided')
    /\ UNCHANGED network

(* ADVERSARY.  A Byzantine process can name any model and any ticket and   *)
(* claim any loss; only its name as the sender it cannot forge.  It sends  *)
(* an offer when the order has a place for it: to send it earlier gives it *)
(* nothing.  Parents are among the models drawn, for an offer on another   *)
(* one is never accepted.  It would change nothing if the adversary chose  *)
(* in the course of the run whom it controls: until then a process behaves *)
(* as a Byzantine one may, too.                                            *)
AnyWeights == [1 .. Draws -> -Largest - 1 .. Largest + 1]
Forgeries == [sender : Byzantine,
              parent : DOMAIN loss \cup {Genesis},
              ticket : [generation : 1 .. Generations, proposer : Proc, weights : AnyWeights],
              claim : Losses]

(* A Byzantine offer gets its place in the total order.  If a learner may  *)
(* come to evaluate it, its true loss is from now on what it is.           *)
ByzantineOffer == \E offer \in Forgeries :
    LET model == Offered(offer)
        matters == /\ IsOwnDraw(offer)
                   /\ IsCurrent(model, Decided)
                   /\ model \notin DOMAIN loss
    IN  /\ inbox' = [p \in Correct |-> Append(inbox[p], offer)]
        /\ loss' \in Revealed(loss, IF matters THEN {model} ELSE {})
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
        /\ Len(learner[p].accepted) + Len(learner[p].verified) < Lambda
        /\ Len(learner[p].verified) < Mu
        /\ \A offer \in Range(learner[p].accepted) \cup Range(learner[p].verified) : IsOffer(offer)
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

(* T3: a decided model matches every draw of lambda - f correct processes: *)
(* at most n - lambda correct processes had a better one.                  *)
Resilience == ResilienceOf(loss, Decided, HonestMatches)

(* ... which says so of processes instead of proposals: those that had     *)
(* something better on the same parent.                                    *)
HadBetter(model, parent) == {q \in Correct : \E m \in DOMAIN loss :
    IsProposal(m, parent, q) /\ loss[m] < loss[model]}
RankResilience == \A p \in Correct : \A i \in 2 .. Len(Decided[p]) :
    Decided[p][i] \in DOMAIN loss =>
        Cardinality(HadBetter(Decided[p][i], Decided[p][i - 1])) <= N - Lambda

(* T5: what a correct process has evaluated, exactly: its own proposals in *)
(* the generations for which it made an offer (a slow process skips some), *)
(* for each decision mu offers and their blend, what it has verified since *)
(* then, and one false claim of each process that it has banned.           *)
EvaluationsAreExact == \A p \in Correct : \E offers \in 0 .. learner[p].offered :
    learner[p].evaluations =
        ProposalCost * offers + (Mu + BlendCost) * Decisions(learner[p].decided)
            + Len(learner[p].verified) + Len(learner[p].banned)
Evaluations == [p \in Correct |-> learner[p].evaluations]
EvaluationBound == WorkOf(Evaluations, Decided, GenerationCost, F)

(* Short of the last generation, a correct process can always go on. *)
NoDeadlock == \/ \A p \in Correct : Decisions(learner[p].decided) = Generations
              \/ ENABLED CorrectNext

(* LIVENESS.  T4: every correct process decides every generation. *)
Termination == \A p \in Correct : <>(Decisions(learner[p].decided) = Generations)

(* REFINEMENT.  What correct processes have proposed is in their offers    *)
(* under way: broadcast, ordered or in a learner.                          *)
UnderWay(p) == Range(inbox[p]) \cup Range(learner[p].accepted) \cup Range(learner[p].verified)
Proposed == {Offered(offer) : offer \in
    {o \in network \cup UNION {UnderWay(p) : p \in Correct} :
        /\ o.sender \in Correct
        /\ Generation(Offered(o)) > LastCommon(Decided)}}
MC == INSTANCE ModelConsensus WITH
    decided <- Decided, proposed <- Proposed, evaluations <- Evaluations,
    Unchosen <- Correct, Rho <- HonestMatches, Work <- GenerationCost, More <- F
RefinesModelConsensus == MC!Spec
FairlyRefinesModelConsensus == MC!FairSpec

Steps(g) == {step \in SUBSET UNION {OwnTickets(g, p) : p \in Proc} : IsLegalStep(step, g)}
Models == UNION {{m \in [1 .. g -> UNION {Steps(h) : h \in 1 .. g}] :
                    \A i \in 1 .. g : m[i] \in Steps(i)} : g \in 0 .. Generations}
Offers(senders) ==
    [sender : senders, parent : Models,
     ticket : [generation : 1 .. Generations, proposer : Proc, weights : AnyWeights],
     claim : Losses]
TOB == INSTANCE TotalOrderBroadcast WITH
    Message <- Offers(Correct), Forgery <- Offers(Byzantine), Batch <- 1
RefinesTotalOrderBroadcast == TOB!Spec
FairlyRefinesTotalOrderBroadcast == TOB!FairSpec
-----------------------------------------------------------------------------
(* Proved (z3): tob_learning.  Checked at a bound: MCTobLearning. *)
THEOREM Spec => [](TypeOK /\ Agreement /\ Lineage)
THEOREM Spec => [](Accuracy /\ SameBans /\ BansAtMostF)
THEOREM Spec => [](Resilience /\ RankResilience)
THEOREM Spec => [](EvaluationsAreExact /\ EvaluationBound)
(* Proved (z3): termination.  Checked at a bound: MCTobLearning_live. *)
THEOREM LambdaIsLive => (FairSpec => Termination)
(* Checked at a bound: MCTobLearning, and with fairness _solves. *)
THEOREM Spec => RefinesModelConsensus
THEOREM LambdaIsLive => (FairSpec => FairlyRefinesModelConsensus)
(* Checked at a bound: MCTobLearning_broadcast. *)
THEOREM Spec => RefinesTotalOrderBroadcast
THEOREM FairSpec => FairlyRefinesTotalOrderBroadcast
=============================================================================
