--------------------------- MODULE MCPowNecessity ---------------------------
(***************************************************************************)
(* What PowLearning needs.  Each operator here drops one assumption or one *)
(* check; a configuration substitutes it for the operator that its comment *)
(* names, and then the property that its comment names must be violated.   *)
(* Those that are about numbers only (the depth, the adversary's wins) are *)
(* configurations with other constants.                                    *)
(***************************************************************************)
EXTENDS MCPowLearning

(* For HasWork: blocks are free.  Agreement is violated: the adversary     *)
(* makes any chain longer than the one that others have decided on.        *)
Free(work) == TRUE

(* For IsVerified: miners are believed.  Resilience is violated: a block   *)
(* leads to a worse model than the best of its miner's tickets.            *)
Believed(exact) == TRUE

(* For FollowsParent and IsExact: nobody compares a ticket's generation    *)
(* with the height of the parent.  Lineage is violated: a model is not an  *)
(* offspring by a ticket of its own generation.                            *)
AnyGeneration(p, block) ==
    block.parent \in known[p] /\ block.ticket.draw \in 0 .. Draws - 1
IsExactButForGeneration(block, landscape) ==
    LET parent == ModelOf(block.parent)
        best == BestTicket(landscape, parent, block.ticket.proposer)
    IN  block.ticket.draw = best.draw /\ block.claim = landscape[Offspring(parent, best)]

(* For FollowsParent, IsExact and Explored: tickets are not bound to the   *)
(* miner, who may choose between two sets of lambda.  (As if it had two    *)
(* names; with many it could look for the outcome that it likes.)          *)
(* Resilience is violated: the adversary takes the worse of two best       *)
(* tickets.                                                                *)
WithGrinding(i, q) ==
    {Offspring(ModelOf(i), Ticket(Height(i) + 1, q, j)) : j \in 0 .. 2 * Draws - 1}
EitherSet(p, block) ==
    /\ block.parent \in known[p]
    /\ block.ticket.generation = Height(block.parent) + 1
    /\ block.ticket.draw \in 0 .. 2 * Draws - 1
IsBestOfEitherSet(block, landscape) ==
    LET Set(t) == IF t.draw < Draws THEN 0 ELSE Draws
        Loss(j) == landscape[Offspring(ModelOf(block.parent), [block.ticket EXCEPT !.draw = j])]
        first == Set(block.ticket)
    IN  /\ block.claim = Loss(block.ticket.draw)
        /\ \A j \in first .. first + Draws - 1 : block.claim <= Loss(j)
ExploredWithGrinding(q, i) ==
    {Reveal(loss, new) : new \in Landscapes(WithGrinding(i, q) \ DOMAIN loss)}

(* For Synchronous: blocks of correct processes may be on their way when   *)
(* the next one is mined.  Agreement is violated, with no adversary at     *)
(* all.                                                                    *)
Asynchronous == TRUE

(* For Fairness there is Spec: then nobody has to win, and Progress is     *)
(* violated.                                                               *)

(* One generation more than Progress promises: the adversary's wins need   *)
(* not help anybody.                                                       *)
MoreProgress == \A p \in Correct :
    <>(Decisions(Decided[p]) > Wins - ByzantineWins - Depth)
=============================================================================
