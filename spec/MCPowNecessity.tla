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
(* makes a chain of its own as long as the one that others have decided.   *)
Free(work) == TRUE

(* For IsVerified: miners are believed.  IsMinedAtFloor is violated: a     *)
(* block is worse than it claims, and than the public offer.               *)
Believed(exact) == TRUE

(* For HasFloor: a true claim is enough.  Resilience is violated: a block  *)
(* is worse than the public offer.                                         *)
NoFloor(above) == TRUE

(* For Accepts: the floor is made of the draws of the miner, who chooses   *)
(* his name.  Resilience is violated: with one draw each, that draw is its *)
(* own floor, and worse than nobody's.                                     *)
OwnFloor(block) == block.step = {Ticket(Height(block.parent) + 1, block.miner, Single(1))}
AcceptsOwnFloor(p, block, work, exact, above) ==
    HasWork(work) /\ FollowsParent(p, block) /\ IsVerified(exact) /\ (above \/ OwnFloor(block))

(* For FollowsParent: nobody compares a ticket's generation with the       *)
(* height of the parent.  Lineage is violated: a model is not an offspring *)
(* by tickets of its own generation.                                       *)
AnyGeneration(p, block) ==
    block.parent \in known[p] /\ \A t \in block.step : IsLegal(t.weights)

(* For StepsOn: the adversary names tickets of correct processes that      *)
(* these have not offered.  Validity is violated.                          *)
Foreign(i, public) == {{Ticket(Height(i) + 1, p, Single(1))} : p \in Correct}
Validity == MC!Validity

(* For Liars: who told the truth is banned with those who lied.  Accuracy  *)
(* is violated.                                                            *)
Everybody(useful, landscape) ==
    IF BlendIsAsGood(useful, landscape) \/ \A o \in useful : IsTrue(o, landscape)
    THEN {} ELSE {o.sender : o \in useful}

(* For BlendIsAsGood: nobody compares the blend with the offers.           *)
(* SharesSearch is violated: it is worse than the miner's own offer.       *)
Unseen(useful, landscape) == TRUE

(* For Liars: offers are believed.  SharesSearch is violated: the miner    *)
(* leads with a false one that is worse than its own.                      *)
NoLiars(useful, landscape) == {}

(* For FollowsParent: a block must use a ticket of its miner.  Progress is *)
(* violated: a correct miner leads with the public offer if it is best.    *)
UsesOwn(p, block) == /\ block.parent \in known[p] /\ IsOwnStep(block)
                     /\ \E t \in block.step : t.proposer = block.miner

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

(* One more of them led by correct miners than ChainQuality promises: each *)
(* win of the adversary can cost them one of theirs.                       *)
MoreQuality == \A p \in Correct :
    <>(LedByCorrect(DecidedBlock(p)) > Wins - 2 * ByzantineWins - Depth)
=============================================================================
