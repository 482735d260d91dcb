--------------------------- MODULE MCPowLearning ----------------------------
(* Bounds for PowLearning.                                                 *)
EXTENDS PowLearning, TLC

Symmetric == Permutations(Correct) \cup Permutations(Byzantine)

(* Of all that the adversary can forge: on each block, each ticket of the  *)
(* right generation with each claim, a draw too many, and the next         *)
(* generation's first ticket.                                              *)
FewForgeries ==
    LET On(i, b) ==
            LET Make(g, j, c) == [parent |-> i, ticket |-> Ticket(g, b, j), claim |-> c]
                least == CHOOSE c \in Losses : \A d \in Losses : c <= d
            IN  {Make(Height(i) + 1, j, c) : j \in 0 .. Draws - 1, c \in Losses}
                    \cup {Make(Height(i) + 1, Draws, least), Make(Height(i) + 2, 0, least)}
    IN  UNION {On(i, b) : i \in 0 .. Len(blocks), b \in Byzantine}

(* One that is refused before anybody evaluates anything: for models that  *)
(* are about other things.                                                 *)
OneForgery == {[parent |-> 0, ticket |-> Ticket(2, b, 0), claim |-> CHOOSE c \in Losses : TRUE] :
                  b \in Byzantine}
-----------------------------------------------------------------------------
(* WITNESSES: each says that a state is out of reach, and must be violated.*)

(* A fork of depth k: two correct processes are on chains with at least    *)
(* Depth blocks each that the other chain has not.                         *)
RECURSIVE Blocks(_)
Blocks(i) == IF i = 0 THEN {} ELSE Blocks(blocks[i].parent) \cup {i}
NoForkOfDepth == \A p, q \in Correct :
    \/ Cardinality(Blocks(tip[p]) \ Blocks(tip[q])) < Depth
    \/ Cardinality(Blocks(tip[q]) \ Blocks(tip[p])) < Depth

(* A process leaves its chain for a longer one. *)
NoReorganisation == [][\A p \in Correct : Blocks(tip[p]) \subseteq Blocks(tip[p])']_vars

(* A block of a Byzantine miner is decided, and it is the best of its      *)
(* miner's tickets where that means something.                             *)
NoByzantineLeader == \A p \in Correct : \A i \in Blocks(DecidedBlock(p)) :
    Miner(i) \in Byzantine /\ IsBestOfOwn(i) =>
        \A m \in OwnOffspring(ModelOf(blocks[i].parent), Miner(i)) : loss[m] = loss[ModelOf(i)]

(* A block arrives before its parent. *)
NoOrphan == \A p \in Correct, i \in DOMAIN blocks :
    Miner(i) \in Correct /\ i \notin known[p] => blocks[i].parent \in known[p]
=============================================================================
