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

(* For IsVerified: miners are believed.  Resilience is violated: a block   *)
(* is worse than it claims, and than a probe.                              *)
Believed(exact) == TRUE

(* For HasFloor: a true claim is enough.  Resilience is violated: a block  *)
(* is worse than a probe.                                                  *)
NoFloor(above) == TRUE

(* For IsAboveFloor: the probes are the first draws of nobody or of a      *)
(* Byzantine process, as the miner likes.  Resilience is violated: its own *)
(* draws are as bad as its step.                                           *)
IsAboveChosenFloor(block, landscape) == \E q \in Byzantine \cup {Nobody} :
    \A j \in 1 .. Probes :
        LET probe == Drawn(ModelOf(block.parent), q, j)
        IN  probe \in DOMAIN landscape /\ block.claim <= landscape[probe]

(* For FollowsParent: nobody compares a ticket's generation with the       *)
(* height of the parent.  Lineage is violated: a model is not an offspring *)
(* by tickets of its own generation.                                       *)
AnyGeneration(p, block) ==
    block.parent \in known[p] /\ \A t \in block.step : IsLegal(t.weights)

(* For StepsOn: the adversary names tickets of correct processes that      *)
(* these have not offered.  Validity is violated.                          *)
Foreign(i) == {{Ticket(Height(i) + 1, p, Single(1))} : p \in Correct}
Validity == MC!Validity

(* For Liars: all senders are banned if the blend is not good enough.      *)
(* Accuracy is violated: a correct process is banned.                      *)
Everybody(useful, landscape) ==
    IF BlendIsAsGood(useful, landscape) THEN {} ELSE {o.sender : o \in useful}

(* For BlendIsAsGood: nobody compares the blend with the offers.           *)
(* SharesSearch is violated: it is worse than the miner's own offer.       *)
Unseen(useful, landscape) == TRUE

(* For Liars: offers are believed.  SharesSearch is violated: the miner    *)
(* leads with a false one that is worse than its own.                      *)
NoLiars(useful, landscape) == {}

(* For FollowsParent: a block must use a ticket of its miner.  Progress is *)
(* violated: a correct miner leads with what is best, and so with a probe. *)
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
=============================================================================
