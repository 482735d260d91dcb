-------------------------- MODULE MCDelayedLearning -------------------------
(* Bounds for DelayedLearning; those on the adversary are in MCPowLearning. *)
EXTENDS DelayedLearning, MCPowLearning

(* The adversary offers nothing, so there is nobody to be caught. *)
QuietTimedNext == \/ \E p \in Correct : MakeOfferTimed(p)
                  \/ \E p \in Correct : MineTimed(p)
                  \/ \E p \in Correct, i \in 1 .. Wins : ReceiveTimed(p, i)
                  \/ \E b \in Byzantine : ByzantineMineTimed(b)
                  \/ \E p \in Correct, i \in 1 .. Wins : ByzantinePublishTimed(p, i)
                  \/ \E p \in Correct : ByzantineForgeTimed(p)
QuietTimedSpec == TimedInit /\ [][QuietTimedNext]_timedVars

(* Everybody makes its offer before the next win (it may still be lost). *)
WinsInAfterOffers(q, t) == MayWinIn(q, t) /\ slots' = Append(slots, t) /\ HaveOffered

NoBadFactor == DC!NoBadFactor
=============================================================================
