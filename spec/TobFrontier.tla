---------------------------- MODULE TobFrontier -----------------------------
(***************************************************************************)
(* Evolutionary search over Total Order Broadcast, in the formulation for  *)
(* large instances.                                                        *)
(*                                                                         *)
(* Once an offer has its place in the order, what each learner will make   *)
(* of it is settled.  So there are no queues: `frontier[p]' is the learner *)
(* that p will be when it has taken all that is ordered, and p is on its   *)
(* way there: of the decisions of its frontier it has taken the first      *)
(* `taken[p]'.  Compared with TobLearning,                                 *)
(*   - an offer is drawn when it gets its place.  A correct process can    *)
(*     have its offer ordered any time after it has taken the decision     *)
(*     before, so offers under way need no variable;                       *)
(*   - an offer that no learner will accept is not a step: it changes      *)
(*     nothing;                                                            *)
(*   - a process goes from one decision to the next in one step;           *)
(*   - losses are kept only as far as somebody can ask for them (Kept).    *)
(* There is no bound on what the adversary sends.  MCTobLearningAgrees and *)
(* MCTobFrontierAgrees show on small instances that both formulations      *)
(* decide the same.                                                        *)
(***************************************************************************)
EXTENDS TobLearner

VARIABLES frontier,     \* frontier[p]: p's learner at the end of the order, its
                        \* own draws not counted among its evaluations
          taken,        \* taken[p]: how many of its decisions p has reached
          loss,         \* the losses that are kept
          resilient     \* has each decision matched enough honest offspring so far?

vars == <<frontier, taken, loss, resilient>>

(* What the frontier will have decided, and what p has decided. *)
Ahead == [p \in Correct |-> frontier[p].decided]
Decided == [p \in Correct |-> SubSeq(frontier[p].decided, 1, taken[p] + 1)]

(* The losses that are kept: those of the models that the offers of a      *)
(* generation are about, with the other proposals that honest senders      *)
(* evaluated, which Resilience counts; and those of decided models until   *)
(* every process is past them.                                             *)
IsBehind(offer, model) ==
    \/ model = Offered(offer)
    \/ offer.sender \in Correct /\ IsProposal(model, offer.parent, offer.sender)
IsAccepted(model, f) == \E p \in Correct :
    \E offer \in Range(f[p].accepted) \cup Range(f[p].verified) : IsBehind(offer, model)
IsDecided(model, f) ==
    \E p \in Correct : \E i \in 2 .. Len(f[p].decided) : model = f[p].decided[i]
IsKept(model, f, d) == IsAccepted(model, f) \/ (IsDecided(model, f) /\ IsCurrent(model, d))
Kept(landscape, f, d) ==
    [m \in {m \in DOMAIN landscape : IsKept(m, f, d)} |-> landscape[m]]

(* No decision that is new in f matches fewer than HonestMatches. *)
IsResilient(landscape, f) == \A p \in Correct :
    Len(f[p].decided) > Len(frontier[p].decided) =>
        AtLeastAsGood(landscape, Last(f[p].decided), Parent(frontier[p]), HonestMatches)

Init == /\ frontier = [p \in Correct |-> NewLearner]
        /\ taken = [p \in Correct |-> 0]
        /\ loss = << >>
        /\ resilient = TRUE
-----------------------------------------------------------------------------
(* The offer gets its place, if a learner accepts it.  If learners come to *)
(* a blend, the landscape says what that loses.                            *)
Place(offer, explored) ==
    /\ \E p \in Correct : IsAcceptable(frontier[p], offer)
    /\ \E accepted \in {[p \in Correct |-> Accept(frontier[p], offer, explored)]} :
       \E landscape \in Revealed(explored, UNION {Blends(accepted[p]) : p \in Correct}) :
        /\ frontier' = [p \in Correct |-> Decide(accepted[p], landscape)]
        /\ loss' = Kept(landscape, frontier', Decided)
        /\ resilient' = (resilient /\ IsResilient(landscape, frontier'))
    /\ UNCHANGED taken

(* CORRECT.  The offer of p in its generation, for each landscape that     *)
(* there may be, gets its place.                                           *)
HonestOffers(p) ==
    LET parent == Last(Decided[p])
    IN  {<<landscape, HonestOffer(landscape, parent, p)>> :
            landscape \in Explored(loss, parent, p)}
Offer(p) ==
    /\ taken[p] < Generations
    /\ \E <<landscape, offer>> \in HonestOffers(p) : Place(offer, landscape)

(* p takes the next of its decisions. *)
Take(p) ==
    /\ taken[p] < Decisions(frontier[p].decided)
    /\ UNCHANGED <<frontier, resilient>>
    /\ taken' = [taken EXCEPT ![p] = @ + 1]
    /\ loss' = Kept(loss, frontier, Decided')

(* ADVERSARY.  A Byzantine offer gets its place.  All those that somebody  *)
(* may accept are among these.  Its true loss is revealed at once, as in   *)
(* TobLearning.  To leave it open until somebody evaluates the model would *)
(* save a quarter of the states and more, but then a step would draw for   *)
(* two processes, and no step of ModelConsensus does.                      *)
Parents == {Parent(frontier[p]) : p \in {q \in Correct : Decisions(Ahead[q]) < Generations}}
ByzantineOffer(b) ==
    \E parent \in Parents :
    \E ticket \in OwnTickets(Generation(parent) + 1, b), claim \in Losses :
    \E landscape \in Revealed(loss, {Proposal(parent, ticket)}) :
        Place(MakeOffer(b, parent, ticket, claim), landscape)
-----------------------------------------------------------------------------
CorrectNext == \E p \in Correct : Offer(p) \/ Take(p)
AdversaryNext == \E b \in Byzantine : ByzantineOffer(b)
Next == CorrectNext \/ AdversaryNext

Fairness == \A p \in Correct : WF_vars(Offer(p)) /\ WF_vars(Take(p))

Spec == Init /\ [][Next]_vars
FairSpec == Spec /\ Fairness
-----------------------------------------------------------------------------
TypeOK ==
    /\ DOMAIN frontier = Correct
    /\ \A p \in Correct :
        /\ Decisions(frontier[p].decided) \in 0 .. Generations
        /\ Len(frontier[p].accepted) + Len(frontier[p].verified) < Lambda
        /\ Len(frontier[p].verified) < Mu
        /\ \A offer \in Range(frontier[p].accepted) \cup Range(frontier[p].verified) :
            offer.parent = Parent(frontier[p]) /\ offer.claim \in Losses
        /\ Range(frontier[p].banned) \subseteq Proc
        /\ frontier[p].evaluations \in Nat
    /\ DOMAIN taken = Correct
    /\ \A p \in Correct : taken[p] \in 0 .. Decisions(frontier[p].decided)
    /\ \A m \in DOMAIN loss : loss[m] \in Losses
    /\ resilient \in BOOLEAN

(* SAFETY.  T1, for all that is ordered, hence for all that is delivered. *)
Agreement == AgreementOf(Ahead)
Lineage == LineageOf(Ahead)

(* T2 *)
Accuracy == \A p \in Correct : Range(frontier[p].banned) \subseteq Byzantine
SameBans == \A p, q \in Correct :
    \/ IsPrefix(frontier[p].banned, frontier[q].banned)
    \/ IsPrefix(frontier[q].banned, frontier[p].banned)
BansAtMostF == \A p \in Correct : Len(frontier[p].banned) <= F

(* T3 *)
Resilience == resilient

(* T5, beyond the draws for its own offers *)
EvaluationsAreExact == \A p \in Correct : frontier[p].evaluations =
    (Mu + BlendCost) * Decisions(frontier[p].decided)
        + Len(frontier[p].verified) + Len(frontier[p].banned)

NoDeadlock == \/ \A p \in Correct : taken[p] = Generations
              \/ ENABLED CorrectNext

(* LIVENESS.  T4 *)
Termination == \A p \in Correct : <>(taken[p] = Generations)

(* REFINEMENT, where all losses are kept that ModelConsensus keeps: a      *)
(* model substitutes KeptAll for Kept.  Then what is known of a correct    *)
(* process's draws shows what it has proposed.  Nobody counts evaluations  *)
(* when they are made here; EvaluationsAreExact bounds them.               *)
KeptAll(landscape, f, d) == Remembered(landscape, d)
ParentsOf(models) == {SubSeq(m, 1, Len(m) - 1) : m \in models}
Proposed == {m \in {Proposal(parent, BestTicket(loss, parent, p)) :
    <<parent, p>> \in {<<parent, p>> \in ParentsOf(DOMAIN loss) \X Correct :
        AllDrawn(parent, p) \subseteq DOMAIN loss}} :
    Generation(m) > LastCommon(Decided)}
MC == INSTANCE ModelConsensus WITH
    decided <- Decided, proposed <- Proposed, evaluations <- [p \in Correct |-> 0],
    Unchosen <- Correct, Rho <- HonestMatches, Work <- GenerationCost, More <- F
RefinesModelConsensus == MC!Spec
-----------------------------------------------------------------------------
(* Checked at a bound: MCTobFrontier, _g1l3, _g2l3, _g3, _draws2, _n7,     *)
(* _recombines.                                                            *)
THEOREM Spec => [](TypeOK /\ Agreement /\ Lineage)
THEOREM Spec => [](Accuracy /\ SameBans /\ BansAtMostF)
THEOREM Spec => []Resilience
THEOREM Spec => []EvaluationsAreExact
(* Checked at a bound: MCTobFrontier_live. *)
THEOREM LambdaIsLive => (FairSpec => Termination)
(* Checked at a bound: MCTobFrontier_refines1, _refines2. *)
THEOREM Spec => RefinesModelConsensus       \* where Kept is KeptAll
=============================================================================
