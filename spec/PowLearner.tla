----------------------------- MODULE PowLearner -----------------------------
(***************************************************************************)
(* The learner of evolutionary search over proof-of-work leader election:  *)
(* which blocks it accepts, which chain it adopts, and what it decides.    *)
(*                                                                         *)
(* A block is one step of the search.  The process that wants to mine on a *)
(* block evaluates its lambda draws on that block's model, and their       *)
(* recombination if there is one, puts the best ticket and its loss into   *)
(* the new block, and only then searches for the hash.  Everybody who      *)
(* receives the block evaluates the same and refuses it if it says         *)
(* anything else.  A process decides the models of the blocks that have    *)
(* `Depth' blocks on top in its longest chain.                             *)
(*                                                                         *)
(* The variables are the block tree and the learners.  PowLearning adds    *)
(* what is around them: the landscape, the oracle that elects the miners,  *)
(* the network and the adversary.                                          *)
(***************************************************************************)
EXTENDS EvolutionarySearch

CONSTANT Depth      \* k: how many blocks on top decide a block

VARIABLES blocks,   \* the blocks in the order in which they were mined; a
                    \* block is named by its place, and the genesis by 0
          known,    \* known[p]: the blocks that p has accepted
          tip       \* tip[p]: the last block of the chain that p has adopted

(* Lambda, the size of a selection, is the number of a process's draws. *)
Lambda == Draws
-----------------------------------------------------------------------------
(* THE BLOCK TREE.  A block is an offer with a proof of work:              *)
(*   parent  the block that it extends                                     *)
(*   ticket  the ticket of the next model; its generation is the block's   *)
(*           height, its proposer the miner                                *)
(*   claim   the loss of that model                                        *)

Miner(i) == blocks[i].ticket.proposer
Height(i) == IF i = 0 THEN 0 ELSE blocks[i].ticket.generation

(* The models from the genesis to that of block i. *)
RECURSIVE Models(_)
Models(i) ==
    LET Extended(models) == Append(models, Proposal(Last(models), blocks[i].ticket))
    IN  IF i = 0 THEN <<Genesis>> ELSE Once(Extended, Models(blocks[i].parent))
ModelOf(i) == Last(Models(i))

(* Block i, or the block that stands h below it in its chain. *)
RECURSIVE Ancestor(_, _)
Ancestor(i, h) == IF h = 0 \/ i = 0 THEN i ELSE Ancestor(blocks[i].parent, h - 1)
-----------------------------------------------------------------------------
(* At first a learner knows the genesis only. *)
LearnerInit == /\ blocks = << >>
               /\ known = [p \in Correct |-> {0}]
               /\ tip = [p \in Correct |-> 0]

(* The block that q can mine on i: its best ticket, and the loss of that. *)
BlockOn(i, q, landscape) ==
    LET best == BestTicket(landscape, ModelOf(i), q)
    IN  [parent |-> i, ticket |-> best, claim |-> landscape[Proposal(ModelOf(i), best)]]

(* WHAT IT ACCEPTS.  A block has to pass three checks, in the order of     *)
(* their cost.  The results of the first and the last are facts about the  *)
(* block, the same for everybody and for ever, and so arguments here: the  *)
(* implementation hashes the block for `work' and calls IsExact for        *)
(* `exact'.                                                                *)

(* Its hash is below the target. *)
HasWork(work) == work

(* Its parent is accepted, and its ticket is its miner's own on it. *)
IsOwnDraw(block) ==
    IsOwnTicket(block.ticket, Height(block.parent) + 1, block.ticket.proposer)
FollowsParent(p, block) == block.parent \in known[p] /\ IsOwnDraw(block)

(* The evaluations of its miner give this ticket and this claim. *)
IsExact(block, landscape) ==
    LET parent == ModelOf(block.parent)
        best == BestTicket(landscape, parent, block.ticket.proposer)
    IN  block.ticket = best /\ block.claim = landscape[Proposal(parent, best)]
IsVerified(exact) == exact

Accepts(p, block, work, exact) ==
    HasWork(work) /\ FollowsParent(p, block) /\ IsVerified(exact)

(* WHAT IT ADOPTS.  p accepts the block named i, of this height, and       *)
(* adopts its chain if it is longer.                                       *)
Adopt(p, i, height) ==
    /\ known' = [known EXCEPT ![p] = @ \cup {i}]
    /\ tip' = [tip EXCEPT ![p] = IF height > Height(@) THEN i ELSE @]

(* p takes block i, which has work and is exact. *)
Take(p, i) ==
    /\ i \notin known[p]
    /\ IF Accepts(p, blocks[i], TRUE, TRUE)
       THEN Adopt(p, i, Height(i))
       ELSE UNCHANGED <<known, tip>>
    /\ UNCHANGED blocks

(* WHAT IT DECIDES.  The last block that p decides, and its output. *)
DecidedBlock(p) == Ancestor(tip[p], Depth)
Decided == [p \in Correct |-> Models(DecidedBlock(p))]
=============================================================================
