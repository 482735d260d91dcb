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

NoForgeries == {}
=============================================================================
