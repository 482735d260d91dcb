--------------------------- MODULE MCPowLearning ----------------------------
(* Bounds for PowLearning. *)
EXTENDS PowLearning, TLC

Symmetric == Permutations(Correct)
SymmetricInBoth == Permutations(Correct) \cup Permutations(Byzantine)

(* Of all that the adversary can forge: on each block, each ticket of the  *)
(* right generation with each claim, weights that are not legal, and the   *)
(* next generation's first draw.  Or, in models that are about other       *)
(* things, one block that is refused before anybody evaluates anything.    *)
CONSTANT EachForgery
LeastLoss == CHOOSE c \in Losses : \A d \in Losses : c <= d
FewForgeries ==
    LET Make(i, t, c) == [parent |-> i, ticket |-> t, claim |-> c]
        TooLarge == [j \in 1 .. Draws |-> Largest + 1]
        Wrong(i, b) == {Make(i, Ticket(Height(i) + 1, b, TooLarge), LeastLoss),
                        Make(i, Ticket(Height(i) + 2, b, Single(1)), LeastLoss)}
        Claims(i, b) == {Make(i, t, c) : t \in OwnTickets(Height(i) + 1, b), c \in Losses}
    IN  IF EachForgery
        THEN UNION {Wrong(i, b) \cup Claims(i, b) : i \in 0 .. Len(blocks), b \in Byzantine}
        ELSE {Make(0, Ticket(2, b, Single(1)), LeastLoss) : b \in Byzantine}
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

(* A block of a Byzantine miner is decided, and it is the best of its      *)
(* miner's tickets where that means something.                             *)
NoByzantineLeader == \A p \in Correct : \A i \in Blocks(DecidedBlock(p)) :
    Miner(i) \in Byzantine /\ IsBestOfOwn(i) =>
        \A m \in AllDrawn(ModelOf(blocks[i].parent), Miner(i)) :
            loss[m] = loss[ModelOf(i)]

(* A block arrives before its parent. *)
NoOrphan == \A p \in Correct, i \in DOMAIN blocks :
    Miner(i) \in Correct /\ i \notin known[p] => blocks[i].parent \in known[p]
=============================================================================
