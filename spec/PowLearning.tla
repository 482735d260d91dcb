----------------------------- MODULE PowLearning ----------------------------
(***************************************************************************)
(* Evolutionary search over proof-of-work leader election.                 *)
(*                                                                         *)
(* PowLearner says what a process does with blocks and with offers.  Here  *)
(* an oracle, the search for hashes, elects the process that appends the   *)
(* next block; the network carries blocks and offers; and the adversary    *)
(* does what it can.                                                       *)
(*                                                                         *)
(* A block on a chain is above its floor, whoever mined it.  The adversary *)
(* can offer what it likes: a leader that takes a false offer for true has *)
(* found a step that is as good as it claims.  It can lead without sharing *)
(* anything.  And it chooses what to extend and when to publish; what it   *)
(* can do with that is the subject of LongestChain, which this module      *)
(* refines.                                                                *)
(*                                                                         *)
(* Three assumptions have no counterpart in the implementation's code:     *)
(* that an offer, in a block too, is its sender's; that a block names its  *)
(* true miner; and that the network is Synchronous for blocks (see         *)
(* LongestChain, also on ties; DelayedLearning is without that).  Offers   *)
(* may be lost.                                                            *)
(***************************************************************************)
EXTENDS PowLearner

CONSTANTS Wins,             \* T: how many blocks are mined in all
          ByzantineWins     \* a: how many of them at most by the adversary

VARIABLES offers,   \* the offers that have been sent
          loss      \* the losses of the models drawn and still of interest

learnerVars == <<blocks, known, tip, banned>>
vars == <<blocks, known, tip, banned, offers, loss>>

(* What the theorems ask of the depth.  It is never assumed: a model in    *)
(* which the depth is smaller shows what goes wrong.                       *)
DepthIsSafe == ByzantineWins <= Depth \/ Wins <= 2 * Depth + 1
-----------------------------------------------------------------------------
(* THE LANDSCAPE.  What an evaluation may find: what is remembered, and    *)
(* any losses of the models that nobody has evaluated.  (If losses were    *)
(* found and forgotten, the blocks that exist must stay valid.)            *)
IsConsistent(landscape) == \A j \in DOMAIN blocks :
    LET new == DOMAIN landscape \ DOMAIN loss
        parent == ModelOf(blocks[j].parent)
    IN  /\ ModelOf(j) \in new => landscape[ModelOf(j)] = blocks[j].claim
        /\ AllDrawn(parent, Nobody) \subseteq new =>
            ReachesFloor(blocks[j].claim, landscape, parent)
Consistent(landscapes) == {landscape \in landscapes : IsConsistent(landscape)}

(* What p may find when it looks at the offers that it has seen: first the *)
(* public offer, and then the blend of those that it may use.              *)
LedOn(p, seen) ==
    LET parent == ModelOf(tip[p])
        Blended(landscape) == {Offspring(parent, Blend(Useful(p, seen, landscape)))}
    IN  Consistent(UNION {Revealed(landscape, Blended(landscape)) :
            landscape \in Explored(loss, parent, Nobody)})

(* What anybody may find who evaluates a step on block i, and the floor. *)
SteppedOn(i, step) == Consistent(UNION {
    Revealed(landscape, {Offspring(ModelOf(i), step)}) :
        landscape \in Explored(loss, ModelOf(i), Nobody)})

(* What is drawn on a model that is itself forgotten is not remembered,    *)
(* unless it is somebody's tip: where the depth is safe it never is.       *)
IsOfInterest(i) == \/ i = 0 \/ ModelOf(i) \in DOMAIN loss
                   \/ \E p \in Correct : ModelOf(tip[p]) = ModelOf(i)
Remember(landscape, i) == loss' =
    IF IsOfInterest(i) THEN Remembered(landscape, Decided) ELSE loss

(* After a decision, the losses that nobody needs any more are forgotten,  *)
(* and the offers on models that all have left behind.                     *)
Forget == \E d \in {Decided'} : /\ loss' = Remembered(loss, d)
                                /\ offers' = {o \in offers : IsCurrent(o.parent, d)}
-----------------------------------------------------------------------------
Init == LearnerInit /\ offers = {} /\ loss = << >>

(* Between two wins there is time for the blocks of correct processes. *)
Synchronous == \A i \in DOMAIN blocks :
    Miner(i) \in Correct => \A p \in Correct : i \in known[p]

(* How many blocks were won so far, and how many of them by the adversary. *)
Won == Len(blocks)
Stolen == Cardinality({i \in DOMAIN blocks : Miner(i) \in Byzantine})

(* THE ORACLE.  q may win the next block. *)
HasWinsLeft(q) == Won < Wins /\ (q \in Byzantine => Stolen < ByzantineWins)
MayWin(q) == HasWinsLeft(q) /\ Synchronous

(* q wins the block with this step on i; nobody has received it. *)
Extend(q, i, step, landscape) ==
    /\ blocks' = Append(blocks, BlockOn(i, q, step, landscape))
    /\ Remember(landscape, i)
    /\ UNCHANGED <<known, tip, banned, offers>>

(* Then there is time for offers: while nothing is on its way. *)
MayOffer == Won < Wins /\ Synchronous

(* CORRECT.  p evaluates its draws on the model of its tip, and offers the *)
(* best, once.                                                             *)
HasOffered(q, i) == \E o \in offers : o.sender = q /\ o.parent = ModelOf(i)
OfferBest(p) ==
    /\ ~HasOffered(p, tip[p])
    /\ LET parent == ModelOf(tip[p]) IN
       \E landscape \in Consistent(Explored(loss, parent, p)) :
       \E ticket \in {BestTicket(landscape, parent, p)} :
        /\ offers' = offers \cup
                {Offer(parent, p, ticket, landscape[Proposal(parent, ticket)])}
        /\ Remember(landscape, tip[p])
    /\ UNCHANGED learnerVars
MakeOffer(p) == MayOffer /\ OfferBest(p)

(* The offers that p may have on the model of its tip: its own, and of     *)
(* each other process at most one; they arrive or are lost.                *)
OffersOn(i) == {o \in offers : o.parent = ModelOf(i)}
Collected(p) == {seen \in SUBSET OffersOn(tip[p]) :
    /\ \E o \in seen : o.sender = p
    /\ \A o, other \in seen : o.sender = other.sender => o = other}

(* p catches those that have sent it false offers. *)
CatchAmong(p, seen) ==
    \E landscape \in LedOn(p, seen) :
    \E liars \in {Liars(Useful(p, seen, landscape), landscape)} :
        /\ liars # {}
        /\ Ban(p, liars)
        /\ Remember(landscape, tip[p])
        /\ UNCHANGED offers
Catch(p) == MayOffer /\ \E seen \in Collected(p) : CatchAmong(p, seen)

(* p wins a block that leads on from its tip, and sends it to all, to      *)
(* itself as well.                                                         *)
Lead(p, seen) ==
    \E landscape \in LedOn(p, seen) :
    \E useful \in {Useful(p, seen, landscape)} :
        /\ Liars(useful, landscape) = {}
        /\ \E step \in BestSteps(useful, landscape) : Extend(p, tip[p], step, landscape)
Mine(p) == MayWin(p) /\ \E seen \in Collected(p) : Lead(p, seen)

(* The adversary has won block i and shown it to nobody. *)
IsWithheld(i) == Miner(i) \in Byzantine /\ \A p \in Correct : i \notin known[p]

(* p receives a block of a correct process, or one that a correct process  *)
(* passes on.  If its parent is missing it is refused, and received again. *)
Receive(p, i) ==
    /\ i \in DOMAIN blocks
    /\ ~IsWithheld(i)
    /\ Take(p, i) /\ Forget

(* ADVERSARY.  b offers any ticket of its own on any block's model, with   *)
(* any claim.  (On a model that is forgotten nobody would use it: b can    *)
(* still offer it when somebody has it as its tip.)                        *)
Lies(b, i) == {Offer(ModelOf(i), b, ticket, claim) :
    ticket \in OwnTickets(Height(i) + 1, b), claim \in Losses}
OfferAnything(b) ==
    /\ \E i \in 0 .. Len(blocks) : \E o \in Lies(b, i) \ offers :
        /\ IsCurrent(o.parent, Decided) /\ IsOfInterest(i)
        /\ offers' = offers \cup {o}
        /\ \E landscape \in Consistent(Revealed(loss, {Proposal(o.parent, o.ticket)})) :
            Remember(landscape, i)
    /\ UNCHANGED learnerVars
ByzantineOffer(b) == MayOffer /\ OfferAnything(b)

(* b wins a block on any block there is, with any step that is good enough *)
(* and made of offers (its own need not have reached anybody), of nobody's *)
(* draws and of the public offer, and withholds it ...                     *)
NobodysDraws(i) == {Ticket(Height(i) + 1, Nobody, Single(j)) : j \in 1 .. Draws}
TicketsOn(i, public) == {o.ticket : o \in OffersOn(i)} \cup NobodysDraws(i) \cup public
StepsOf(tickets, g) == {step \in SUBSET tickets : Names!IsLegalStep(step, g)}
StepsOn(i, public) == StepsOf(TicketsOn(i, public), Height(i) + 1)
LeadAnyhow(b) ==
    \E i \in 0 .. Len(blocks) :
    \E explored \in Explored(loss, ModelOf(i), Nobody) :
    \E step \in StepsOn(i, {PublicOffer(explored, ModelOf(i)).ticket}) :
    \E landscape \in Consistent(Revealed(explored, {Offspring(ModelOf(i), step)})) :
        /\ IsAboveFloor(BlockOn(i, b, step, landscape), landscape)
        /\ Extend(b, i, step, landscape)
ByzantineMine(b) == MayWin(b) /\ LeadAnyhow(b)

(* ... until the adversary shows it to p, the first to see it. *)
ByzantinePublish(p, i) ==
    /\ i \in DOMAIN blocks
    /\ IsWithheld(i)
    /\ Take(p, i) /\ Forget

(* Everything else that the adversary can send: blocks in Byzantine        *)
(* processes' names without work, with a step that is not legal or below   *)
(* the floor, or with a false claim.                                       *)
AnyWeights == [1 .. Draws -> -Largest - 1 .. Largest + 1]
AnyTickets == [generation : 1 .. Wins, proposer : Byzantine, weights : AnyWeights]
IllegalSteps(g) == {step \in SUBSET AnyTickets : ~Names!IsLegalStep(step, g)}
ForgedOn(i) == IllegalSteps(Height(i) + 1) \cup StepsOn(i, {})
Forgeries == UNION {
    [parent : {i}, miner : Byzantine, step : ForgedOn(i), claim : Losses] :
        i \in 0 .. Len(blocks)}

(* The adversary sends such a block, with work or without, to p.  If p     *)
(* comes to evaluate it, the losses that it finds are fixed from now on.   *)
(* If p accepts the block (it never should), it is a block like others.  A *)
(* refused block with work costs the adversary a win; this is not counted, *)
(* which can only help the adversary.                                      *)
Forge(p, block, work) ==
    LET Send(exact, above) ==
            /\ ~(/\ work /\ block.parent \in known[p] /\ IsOwnStep(block)
                 /\ exact /\ above)
            /\ IF Accepts(p, block, work, exact, above)
               THEN /\ blocks' = Append(blocks, block)
                    /\ Adopt(p, Len(blocks) + 1, Height(block.parent) + 1)
                    /\ UNCHANGED banned
               ELSE UNCHANGED learnerVars
    IN  /\ IF HasWork(work) /\ FollowsParent(p, block)
           THEN \E landscape \in SteppedOn(block.parent, block.step) :
                    /\ Send(IsExact(block, landscape), IsAboveFloor(block, landscape))
                    /\ Remember(landscape, block.parent)
           ELSE Send(FALSE, FALSE) /\ UNCHANGED loss
        /\ UNCHANGED offers
ByzantineForge(p) == \E block \in Forgeries, work \in BOOLEAN :
    /\ work => MayWin(block.miner)
    /\ Forge(p, block, work)
-----------------------------------------------------------------------------
CorrectNext == \/ \E p \in Correct : MakeOffer(p)
               \/ \E p \in Correct : Catch(p)
               \/ \E p \in Correct : Mine(p)
               \/ \E p \in Correct, i \in 1 .. Wins : Receive(p, i)

AdversaryNext == \/ \E b \in Byzantine : ByzantineOffer(b)
                 \/ \E b \in Byzantine : ByzantineMine(b)
                 \/ \E p \in Correct, i \in 1 .. Wins : ByzantinePublish(p, i)
                 \/ \E p \in Correct : ByzantineForge(p)

Next == CorrectNext \/ AdversaryNext

(* Correct processes offer, and win while there is something to win, and   *)
(* what one of them sends or passes on arrives.                            *)
Fairness ==
    /\ \A p \in Correct : WF_vars(MakeOffer(p))
    /\ WF_vars(\E p \in Correct : Mine(p))
    /\ \A p \in Correct : WF_vars(\E i \in 1 .. Wins : Receive(p, i))

Spec == Init /\ [][Next]_vars
FairSpec == Spec /\ Fairness
-----------------------------------------------------------------------------
TypeOK ==
    /\ Len(blocks) <= Wins
    /\ \A i \in DOMAIN blocks :
        /\ DOMAIN blocks[i] = {"parent", "miner", "step", "claim"}
        /\ blocks[i].parent \in 0 .. i - 1
        /\ IsOwnStep(blocks[i])
        /\ Miner(i) \in Proc
        /\ blocks[i].claim \in Losses
    /\ DOMAIN known = Correct
    /\ \A p \in Correct : known[p] \subseteq 0 .. Len(blocks)
    /\ DOMAIN tip = Correct
    /\ \A p \in Correct : tip[p] \in known[p]
    /\ DOMAIN banned = Correct
    /\ \A o \in offers :
        /\ o.sender \in Proc /\ o.claim \in Losses
        /\ IsOwnTicket(o.ticket, Generation(o.parent) + 1, o.sender)
        /\ Proposal(o.parent, o.ticket) \in DOMAIN loss
    /\ \A m \in DOMAIN loss : loss[m] \in Losses

(* SAFETY.  P2: where the depth is safe, the outputs agree and only grow. *)
Agreement == AgreementOf(Decided)
Integrity == [][\A p \in Correct : IsPrefix(Decided[p], Decided[p]')]_vars

(* Nobody is banned who has not lied. *)
Accuracy == \A p \in Correct : banned[p] \subseteq Byzantine

(* P1: each block on a decided chain, a Byzantine miner's too, is as good  *)
(* as the public offer on its parent.  (This is checked while the block's  *)
(* loss is remembered: at the latest in the state in which the block is    *)
(* decided first.)                                                         *)
IsAtFloor(i) == LET parent == ModelOf(blocks[i].parent) IN
    /\ AllDrawn(parent, Nobody) \subseteq DOMAIN loss
    /\ ReachesFloor(loss[ModelOf(i)], loss, parent)

RECURSIVE ChainIsAtFloor(_)
ChainIsAtFloor(i) == i = 0 \/
    /\ ModelOf(i) \in DOMAIN loss => IsAtFloor(i)
    /\ ChainIsAtFloor(blocks[i].parent)
Resilience == \A i \in {DecidedBlock(p) : p \in Correct} : ChainIsAtFloor(i)

(* The same of every block when it is mined, whatever the depth. *)
IsMinedAtFloor == [][\A i \in DOMAIN blocks' \ DOMAIN blocks :
    (ModelOf(i) \in DOMAIN loss)' => (IsAtFloor(i) /\ blocks[i].claim = loss[ModelOf(i)])']_vars

(* What sharing gives: the block of a correct miner is as good as its own  *)
(* offer, and as every true offer that it had of somebody whom it has not  *)
(* caught.                                                                 *)
IsWorthy(p, o) == \/ o.sender = p
                  \/ ~IsBanned(p, o.sender) /\ IsTrue(o, loss)
SharesSearch == [][Len(blocks') > Len(blocks) =>
    \A p \in Correct : \A seen \in Collected(p) : Lead(p, seen) =>
        \A o \in seen : IsWorthy(p, o) => blocks'[Len(blocks')].claim <= o.claim]_vars

(* LIVENESS.  Each win of a correct process lengthens everybody's chain,   *)
(* whatever the adversary does, so all but Depth of these generations are  *)
(* decided.                                                                *)
Progress == \A p \in Correct :
    <>(Decisions(Decided[p]) >= Wins - ByzantineWins - Depth)

(* Of these generations correct miners have led all but as many as the     *)
(* adversary has won: each of its blocks takes the place of one of theirs. *)
RECURSIVE LedByCorrect(_)
LedByCorrect(i) == IF i = 0 THEN 0
    ELSE LedByCorrect(blocks[i].parent) + (IF Miner(i) \in Correct THEN 1 ELSE 0)
ChainQuality == \A p \in Correct :
    <>(LedByCorrect(DecidedBlock(p)) >= Wins - 2 * ByzantineWins - Depth)

(* REFINEMENT.  To ModelConsensus, nobody is one more process that decides *)
(* nothing.  The adversary does not choose his draws, so a decided model   *)
(* matches these at least.  What a correct process offers, it proposes.    *)
(* It evaluates its draws to make an offer, at most once on each block     *)
(* that it knows; nobody's, the blend and, at most, each offer to lead or  *)
(* to catch a liar; nobody's and the step to accept a block.  (Not counted *)
(* is what it evaluates of a refused block; that has cost the adversary a  *)
(* win.)  This is more than Rho: what sharing gives is not a greater Rho,  *)
(* but SharesSearch.                                                       *)
Proposed == {Proposal(o.parent, o.ticket) : o \in {o \in offers : o.sender \in Correct}}
LeadCost == ProposalCost + 1 + Cardinality(Proc)
ReceiveCost == ProposalCost + 1
HasBegun(p) == known[p] # {0} \/ \E o \in offers : o.sender = p
Evaluations == [p \in Correct |->
    (IF HasBegun(p) THEN ProposalCost * Cardinality(known[p]) ELSE 0)
    + LeadCost * (Cardinality({i \in DOMAIN blocks : Miner(i) = p}) + Cardinality(banned[p]))
    + ReceiveCost * Cardinality(known[p] \ {0})]
EachCost == ProposalCost + LeadCost + ReceiveCost
MC == INSTANCE ModelConsensus WITH
    Proc <- Proc \cup {Nobody}, Byzantine <- Byzantine \cup {Nobody},
    decided <- Decided, proposed <- Proposed, evaluations <- Evaluations,
    Generations <- Wins, Unchosen <- Correct \cup {Nobody}, Rho <- ProposalCost,
    Work <- EachCost,
    More <- EachCost * Depth + (ProposalCost + ReceiveCost) * ByzantineWins
            + LeadCost * Cardinality(Byzantine)
RefinesModelConsensus == MC!Spec
Lineage == MC!Lineage

Links == [i \in DOMAIN blocks |->
    [parent |-> blocks[i].parent, height |-> Height(i), miner |-> Miner(i)]]
LC == INSTANCE LongestChain WITH blocks <- Links
RefinesLongestChain == LC!Spec
-----------------------------------------------------------------------------
(* Proved (z3), of losses that are not forgotten: pow_learning.  Checked   *)
(* at a bound: MCPowLearning, _blocks, _forge, _recombines, _draws2; with  *)
(* two and three Byzantine miners, MCPowLearning_two, _two_blocks, _three. *)
(* Where the depth is not safe, a block may be forgotten before it is      *)
(* decided, and Resilience says nothing of it; with nothing forgotten, it  *)
(* is checked there too: MCPowLearning_remembered.                         *)
THEOREM Spec => [](TypeOK /\ Lineage /\ Accuracy /\ Resilience)
THEOREM Spec => IsMinedAtFloor
(* Speed-up: a correct miner's step is no worse than what all the others   *)
(* have truly found and told it.  ChainQuality says how many of the        *)
(* decided steps are theirs.  Proved (z3): pow_learning.  Checked at a     *)
(* bound: MCPowLearning, _blocks, _two, _two_blocks, _three, _remembered.  *)
THEOREM Spec => SharesSearch
(* Checked at a bound: MCPowLearning, _blocks, _two, _forge, and for       *)
(* longer chains MCPowLearning_chain, _few_wins, _n4, _depth2.  The last   *)
(* three also hold while no factor of the wins is bad (see Settlement),    *)
(* however many the adversary's wins are: MCPowLearning_settles,           *)
(* _settles_refines.                                                       *)
THEOREM Spec => RefinesLongestChain
THEOREM DepthIsSafe => (Spec => []Agreement)
THEOREM DepthIsSafe => (Spec => Integrity)
THEOREM DepthIsSafe => (Spec => RefinesModelConsensus)
(* Checked at a bound: MCPowLearning_live. *)
THEOREM FairSpec => Progress /\ ChainQuality
=============================================================================
