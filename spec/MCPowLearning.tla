--------------------------- MODULE MCPowLearning ----------------------------
(* Bounds for PowLearning. *)
EXTENDS PowLearning, TLC

Symmetric == Permutations(Correct)
SymmetricByzantine == Permutations(Byzantine)

(* Of all steps that the adversary can lead with: each, or in larger       *)
(* models each single ticket that is its own or nobody's.                  *)
CONSTANT EachStep
OwnTicketsOn(i, public) == {t \in TicketsOn(i, public) : t.proposer \notin Correct}
FewSteps(i, public) == IF EachStep THEN StepsOf(TicketsOn(i, public), Height(i) + 1)
                       ELSE {{t} : t \in OwnTicketsOn(i, public)}

(* Of all that it can forge: on each block, those single tickets with each *)
(* claim, weights that are not legal, and the next generation's first      *)
(* draw.  Or, in models that are about other things, one block that is     *)
(* refused before anybody evaluates anything.                              *)
CONSTANT EachForgery
LeastLoss == CHOOSE c \in Losses : \A d \in Losses : c <= d
GreatestLoss == CHOOSE c \in Losses : \A d \in Losses : d <= c
FewForgeries ==
    LET Make(i, b, ticket, c) == [parent |-> i, miner |-> b, step |-> {ticket}, claim |-> c]
        TooLarge == [j \in 1 .. Draws |-> Largest + 1]
        Wrong(i, b) == {Make(i, b, Ticket(Height(i) + 1, b, TooLarge), LeastLoss),
                        Make(i, b, Ticket(Height(i) + 2, b, Single(1)), LeastLoss)}
        Claims(i, b) == {Make(i, b, t, c) : t \in OwnTicketsOn(i, {}), c \in Losses}
    IN  IF EachForgery
        THEN UNION {Wrong(i, b) \cup Claims(i, b) : i \in 0 .. Len(blocks), b \in Byzantine}
        ELSE {Make(0, b, Ticket(2, b, Single(1)), LeastLoss) : b \in Byzantine}

(* Of all that it can offer: one ticket a model, in so many generations,   *)
(* with each claim or with the best.                                       *)
CONSTANT LyingGenerations
FewLies(b, i) ==
    IF Height(i) < LyingGenerations /\ ~HasOffered(b, i)
    THEN {Offer(ModelOf(i), b, ticket, claim) : ticket \in OwnTickets(Height(i) + 1, b),
            claim \in IF EachForgery THEN Losses ELSE {LeastLoss}}
    ELSE {}
-----------------------------------------------------------------------------
(* The adversary offers nothing, so there is nobody to be caught.          *)
QuietNext == \/ \E p \in Correct : MakeOffer(p)
             \/ \E p \in Correct : Mine(p)
             \/ \E p \in Correct, i \in 1 .. Wins : Receive(p, i)
             \/ \E b \in Byzantine : ByzantineMine(b)
             \/ \E p \in Correct, i \in 1 .. Wins : ByzantinePublish(p, i)
             \/ \E p \in Correct : ByzantineForge(p)
QuietSpec == Init /\ [][QuietNext]_vars
FairQuietSpec == QuietSpec /\ Fairness

(* Models that are about chains and not about losses are made smaller.    *)
(* Each draw of nobody is worse than anybody's ticket, ...                 *)
NobodyIsWorse(models) == {[m \in models |->
    IF \E t \in Last(m) : t.proposer = Nobody THEN GreatestLoss ELSE LeastLoss]}
(* ... everybody makes its offer before the next win (it may still be      *)
(* lost), ...                                                              *)
HaveOffered == \A p \in Correct : HasOffered(p, tip[p])
MayWinAfterOffers(q) == HasWinsLeft(q) /\ Synchronous /\ HaveOffered
(* ... a correct miner has seen only its own, and so leads with it, ...    *)
OnlyOwn(p) == {{o} : o \in {o \in OffersOn(tip[p]) : o.sender = p}}
(* ... and a Byzantine one leads with the first draw of nobody that makes  *)
(* another model than each block does.                                     *)
NewDraw(i, public) ==
    LET Made(j) == Drawn(ModelOf(i), Nobody, j)
        new == {j \in 1 .. Draws : \A k \in DOMAIN blocks : ModelOf(k) # Made(j)}
    IN  {Last(Made(j)) : j \in {j \in new : \A k \in new : j <= k}}

(* Of the strings of wins only those without a bad factor.                 *)
Settlement == INSTANCE Settlement WITH Together <- TRUE
WinString == [i \in DOMAIN blocks |-> IF Miner(i) \in Byzantine THEN "A" ELSE "h"]
MayWinAndSettle(q) ==
    /\ MayWinAfterOffers(q)
    /\ ~Settlement!ViolatesWithoutH(Append(WinString, IF q \in Byzantine THEN "A" ELSE "h"), Depth)

(* Nothing is forgotten, so Resilience is about every decided block.       *)
AllRemembered(landscape, d) == landscape
NothingForgotten == \A i \in DOMAIN blocks : ModelOf(i) \in DOMAIN loss
-----------------------------------------------------------------------------
(* WITNESSES: each says that a state is out of reach, and must be          *)
(* violated.                                                               *)

(* A fork of depth k: two correct processes are on chains with at least    *)
(* Depth blocks each that the other chain has not.                         *)
RECURSIVE Blocks(_)
Blocks(i) == IF i = 0 THEN {} ELSE Blocks(blocks[i].parent) \cup {i}
NoForkOfDepth == \A p, q \in Correct :
    \/ Cardinality(Blocks(tip[p]) \ Blocks(tip[q])) < Depth
    \/ Cardinality(Blocks(tip[q]) \ Blocks(tip[p])) < Depth

(* A process leaves its chain for a longer one. *)
NoReorganisation ==
    [][\A p \in Correct : Blocks(tip[p]) \subseteq Blocks(tip[p])']_vars

(* A block of a Byzantine miner is decided, and the floor means something: *)
(* a draw of nobody is worse than the block.                               *)
NoByzantineLeader == \A p \in Correct : \A i \in Blocks(DecidedBlock(p)) :
    Miner(i) \in Byzantine /\ ModelOf(i) \in DOMAIN loss =>
        \A m \in AllDrawn(ModelOf(blocks[i].parent), Nobody) : loss[m] = loss[ModelOf(i)]

(* A correct process leads with a blend, ... *)
NoBlend == \A i \in DOMAIN blocks :
    Miner(i) \in Correct => Cardinality(blocks[i].step) = 1
(* ... with one of several offers, whose blend is worse, ... *)
NoBest == \A i \in DOMAIN blocks : Miner(i) \in Correct => \A m \in DOMAIN loss :
    LET step == Last(m)
    IN  /\ m = Offspring(ModelOf(blocks[i].parent), step)
        /\ blocks[i].step \subseteq step
        => loss[m] <= blocks[i].claim
(* ... or with the public offer alone. *)
NoPublicOffer == \A i \in DOMAIN blocks : Miner(i) \in Correct =>
    \E t \in blocks[i].step : t.proposer # Nobody

(* Two Byzantine processes are in one step. *)
NoTwoNames == \A p \in Correct : DecidedBlock(p) # 0 =>
    Cardinality({t.proposer : t \in blocks[DecidedBlock(p)].step} \cap Byzantine) < 2

(* Neither bound on the number of wins is kept, though no factor of them   *)
(* is bad.                                                                 *)
NoneBeyond == Settlement!IsSafe(Len(blocks), Settlement!Count(WinString, "A"), Depth)

(* A liar is caught. *)
NoBan == \A p \in Correct : banned[p] = {}

(* A block arrives before its parent. *)
NoOrphan == \A p \in Correct, i \in DOMAIN blocks :
    Miner(i) \in Correct /\ i \notin known[p] => blocks[i].parent \in known[p]
=============================================================================
