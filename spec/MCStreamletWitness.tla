------------------------- MODULE MCStreamletWitness -------------------------
(***************************************************************************)
(* States that must be reachable: each of these says that one is not, and  *)
(* must be violated.                                                       *)
(***************************************************************************)
EXTENDS MCStreamlet

(* A correct process delivers a block. *)
NoDelivery == \A p \in Correct : log[p] = Genesis

(* A Byzantine leader has two blocks of one epoch voted for. *)
NoEquivocation == \A p, q \in Correct : \A b \in votes[p], c \in votes[q] :
    Epoch(b) = Epoch(c) => b = c

(* Two notarized blocks have the same length: a fork. *)
NoFork == \A b, c \in Notarized : Len(b) = Len(c) => b = c

(* A block is finalized although an epoch before it was lost, by a         *)
(* partition or a faulty leader: it is not in the chain.                   *)
NoSkippedEpoch == \A b \in Finalized : Epoch(b) = Len(b)

(* A notarized block that is not final, and can never be. *)
NoLostBlock == \A b \in Notarized, c \in Finalized : AreCompatible(b, c)

(* One vote finalizes several blocks. *)
OneAtATime == [][Len(Order') <= Len(Order) + 1]_vars
=============================================================================
