----------------------------- MODULE PowLearner -----------------------------
(***************************************************************************)
(* The learner of evolutionary search over proof-of-work leader election:  *)
(* which blocks it accepts, which chain it adopts, what it decides, and    *)
(* what it does when it leads.                                             *)
(*                                                                         *)
(* A block is one step of the search.  Between two blocks the processes    *)
(* send each other offers: their best tickets, with claims to the losses.  *)
(* Nobody makes an offer, too: everybody evaluates the draws of nobody,    *)
(* and what is best of them is the public offer.  Who mines a block leads  *)
(* its generation, and blends the public offer and those that it has; it   *)
(* evaluates the step before it searches for the hash.  Who receives the   *)
(* block evaluates the step, too: it has to be as good as the public       *)
(* offer.  This is the floor.  It holds for every block, whoever mined it  *)
(* and under however many names.  A process decides the models of the      *)
(* blocks that have `Depth' blocks on top in its longest chain.            *)
(*                                                                         *)
(* The variables are the block tree and the learners.  PowLearning adds    *)
(* what is around them: the landscape, the oracle that elects the miners,  *)
(* the network and the adversary.                                          *)
(***************************************************************************)
EXTENDS EvolutionarySearch

CONSTANT Depth      \* k: how many blocks on top decide a block

ASSUME PowLearnerAssumption == Depth \in Nat

VARIABLES blocks,   \* the blocks in the order in which they were mined; a
                    \* block is named by its place, and the genesis by 0
          known,    \* known[p]: the blocks that p has accepted
          tip,      \* tip[p]: the last block of the chain that p has adopted
          banned    \* banned[p]: whose offers p does not use any more
-----------------------------------------------------------------------------
(* THE BLOCK TREE.  A block is a step with a proof of work:                *)
(*   parent  the block that it extends                                     *)
(*   miner   who mined it; no check looks at this                          *)
(*   step    the step of the next model: a set of tickets                  *)
(*   claim   the loss of that model                                        *)

Miner(i) == blocks[i].miner

(* The model of block i, and the models from the genesis to it. *)
RECURSIVE ModelOf(_)
ModelOf(i) ==
    IF i = 0 THEN Genesis ELSE Offspring(ModelOf(blocks[i].parent), blocks[i].step)
Models(i) ==
    LET PathTo(model) == [j \in 1 .. Len(model) + 1 |-> SubSeq(model, 1, j - 1)]
    IN  Once(PathTo, ModelOf(i))

RECURSIVE Height(_)
Height(i) == IF i = 0 THEN 0 ELSE Height(blocks[i].parent) + 1

(* Block i, or the block that stands h below it in its chain. *)
RECURSIVE Ancestor(_, _)
Ancestor(i, h) == IF h = 0 \/ i = 0 THEN i ELSE Ancestor(blocks[i].parent, h - 1)
-----------------------------------------------------------------------------
(* At first a learner knows the genesis only. *)
LearnerInit == /\ blocks = << >>
               /\ known = [p \in Correct |-> {0}]
               /\ tip = [p \in Correct |-> 0]
               /\ banned = [p \in Correct |-> {}]

(* An offer says that its sender, by a ticket of his own on the model      *)
(* `parent', has found the loss `claim'.                                   *)
Offer(parent, sender, ticket, claim) ==
    [parent |-> parent, sender |-> sender, ticket |-> ticket, claim |-> claim]
Offered(offer) == {offer.ticket}
IsTrue(offer, landscape) == landscape[Proposal(offer.parent, offer.ticket)] = offer.claim

(* THE FLOOR.  Nobody has draws like every process.  The best of them, or  *)
(* their recombination, is the public offer: all can find it by their own  *)
(* evaluations, and nobody can choose among its draws or keep it back.     *)
Nobody == ""
PublicModels(landscape, parent) ==
    AllDrawn(parent, Nobody) \cup Recombined(landscape, parent, Nobody)
ReachesFloor(loss, landscape, parent) ==
    \A m \in PublicModels(landscape, parent) : loss <= landscape[m]
PublicOffer(landscape, parent) ==
    LET ticket == BestTicket(landscape, parent, Nobody)
    IN  Offer(parent, Nobody, ticket, landscape[Proposal(parent, ticket)])
-----------------------------------------------------------------------------
(* WHAT IT ACCEPTS.  A block has to pass four checks, in the order of      *)
(* their cost.  The results of the first and the last two are facts about  *)
(* the block, the same for everybody and for ever, and so arguments here:  *)
(* the implementation hashes the block for `work', and evaluates it.       *)

(* Its hash is below the target. *)
HasWork(work) == work

(* Its parent is accepted, and its step is legal there.  Names are free:   *)
(* it does not matter whose tickets these are, as long as there is at most *)
(* one for each process and for nobody.                                    *)
Names == INSTANCE EvolutionarySearch WITH
    Proc <- Proc \cup {Nobody}, Byzantine <- Byzantine \cup {Nobody}
IsOwnStep(block) == Names!IsLegalStep(block.step, Height(block.parent) + 1)
FollowsParent(p, block) == block.parent \in known[p] /\ IsOwnStep(block)

(* Its claim is the loss of its model, ... *)
IsExact(block, landscape) ==
    block.claim = landscape[Offspring(ModelOf(block.parent), block.step)]
(* ... and as good as the public offer. *)
IsAboveFloor(block, landscape) ==
    ReachesFloor(block.claim, landscape, ModelOf(block.parent))
IsVerified(exact) == exact
HasFloor(above) == above

Accepts(p, block, work, exact, above) ==
    HasWork(work) /\ FollowsParent(p, block) /\ IsVerified(exact) /\ HasFloor(above)

(* WHAT IT ADOPTS.  p accepts the block named i, of this height, and       *)
(* adopts its chain if it is longer.                                       *)
Adopt(p, i, height) ==
    /\ known' = [known EXCEPT ![p] = @ \cup {i}]
    /\ tip' = [tip EXCEPT ![p] = IF height > Height(@) THEN i ELSE @]

(* p takes block i, which is valid. *)
Take(p, i) ==
    /\ i \notin known[p]
    /\ IF Accepts(p, blocks[i], TRUE, TRUE, TRUE)
       THEN Adopt(p, i, Height(i))
       ELSE UNCHANGED <<known, tip>>
    /\ UNCHANGED <<blocks, banned>>

(* WHAT IT DECIDES.  The last block that p decides, and its output. *)
DecidedBlock(p) == Ancestor(tip[p], Depth)
Decided == [p \in Correct |-> Models(DecidedBlock(p))]
-----------------------------------------------------------------------------
(* WHAT IT DOES WHEN IT LEADS.  The offers that p may use are the public   *)
(* one and, of the offers `seen', those on the model of its tip, by a      *)
(* sender that it has not caught lying, and better than the public one.    *)
IsBanned(p, sender) == sender \in banned[p]
Useful(p, seen, landscape) ==
    LET public == PublicOffer(landscape, ModelOf(tip[p]))
    IN  {public} \cup {o \in seen :
            /\ o.parent = public.parent
            /\ IsOwnTicket(o.ticket, Generation(o.parent) + 1, o.sender)
            /\ ~IsBanned(p, o.sender)
            /\ o.claim < public.claim}
LeastClaims(useful) == {o \in useful : \A other \in useful : o.claim <= other.claim}

(* The step that all of them make together.  If it is as good as each of   *)
(* them is said to be, nobody need know which of them are true.            *)
Blend(useful) == {o.ticket : o \in useful}
IsAsGood(loss, useful) == \A o \in useful : loss <= o.claim
BlendIsAsGood(useful, landscape) ==
    \E o \in useful : IsAsGood(landscape[Offspring(o.parent, Blend(useful))], useful)

(* If it is not, p evaluates them all: whom it has caught lying. *)
Liars(useful, landscape) ==
    IF BlendIsAsGood(useful, landscape) THEN {}
    ELSE {o.sender : o \in {o \in useful : ~IsTrue(o, landscape)}}
Ban(p, senders) == /\ banned' = [banned EXCEPT ![p] = @ \cup senders]
                   /\ UNCHANGED <<blocks, known, tip>>

(* The steps that p may lead with, when none of them is false: the blend   *)
(* if it is as good as each, else a best one.                              *)
BestSteps(useful, landscape) ==
    IF BlendIsAsGood(useful, landscape) THEN {Blend(useful)}
    ELSE {Offered(o) : o \in LeastClaims(useful)}
BlockOn(i, q, step, landscape) ==
    [parent |-> i, miner |-> q, step |-> step,
     claim |-> landscape[Offspring(ModelOf(i), step)]]
=============================================================================
