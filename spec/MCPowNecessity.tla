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
    block.parent \in known[p] /\ IsLegal(block.ticket.weights)
IsExactButForGeneration(block, landscape) ==
    LET parent == ModelOf(block.parent)
        best == BestTicket(landscape, parent, block.ticket.proposer)
    IN  /\ block.ticket.weights = best.weights
        /\ block.claim = landscape[Proposal(parent, best)]

(* For FollowsParent, IsExact and ExploredOn: draws are not bound to the   *)
(* miner, who may choose between two sets of lambda.  (As if it had two    *)
(* names; with many it could look for the outcome that it likes.)          *)
(* Resilience is violated: the adversary takes the worse of two best       *)
(* draws.                                                                  *)
OwnSet(k, i, q) ==
    {Proposal(ModelOf(i), Ticket(Height(i) + 1, q, [h \in 1 .. Draws |-> k * Single(j)[h]])) :
        j \in 1 .. Draws}
SetOf(ticket) == CHOOSE k \in {1, 2} : \E j \in 1 .. Draws : ticket.weights[j] = k
EitherSet(p, block) ==
    /\ block.parent \in known[p]
    /\ Proposal(ModelOf(block.parent), block.ticket) \in
        UNION {OwnSet(k, block.parent, block.ticket.proposer) : k \in {1, 2}}
IsBestOfEitherSet(block, landscape) ==
    /\ block.claim = landscape[Proposal(ModelOf(block.parent), block.ticket)]
    /\ \A m \in OwnSet(SetOf(block.ticket), block.parent, block.ticket.proposer) :
        block.claim <= landscape[m]
ExploredWithGrinding(i, q) == Revealed(loss, OwnSet(1, i, q) \cup OwnSet(2, i, q))

(* With one name the adversary does not choose among its draws; with two   *)
(* it does, and no operator is needed: a decided block can be worse than   *)
(* the best draw of another Byzantine process.  NoChoice is violated.      *)
NoChoice == \A p \in Correct : LET i == DecidedBlock(p) IN
    i # 0 /\ Miner(i) \in Byzantine =>
        \A b \in Byzantine : \A m \in AllDrawn(ModelOf(blocks[i].parent), b) :
            m \in DOMAIN loss /\ ModelOf(i) \in DOMAIN loss => loss[ModelOf(i)] <= loss[m]

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
