-------------------------------- MODULE Forks -------------------------------
(***************************************************************************)
(* Forks: what has been mined, and what of it is public.                   *)
(*                                                                         *)
(* A block is the chain that ends in it: a sequence that says at each      *)
(* block which child of its parent it is.  Who mined it does not matter    *)
(* once it is there.                                                       *)
(***************************************************************************)
EXTENDS Settlement

Genesis == << >>
IsPrefix(s, t) == Len(s) <= Len(t) /\ s = SubSeq(t, 1, Len(s))

NewFork == [blocks |-> {Genesis}, public |-> {Genesis}]

(* The chains that a correct process holds, or would adopt if shown. *)
Held(f) == {b \in f.blocks : \A c \in f.public : Len(c) <= Len(b)}
Longest(f) == Held(f) \cap f.public

(* The same under another convention: the adversary loses every tie, as    *)
(* all processes keep the one chain that they all adopted first, and leave *)
(* it only for a longer one.  A model puts this for Held.                  *)
HeldIfTiesAreLost(f) == {b \in f.blocks : \A c \in f.public :
    Len(c) < Len(b) \/ (Len(c) = Len(b) /\ b \in f.public)}

(* The length of the longest public chain. *)
Height(f) == Maximum({Len(b) : b \in f.public})

(* The next child of b. *)
Child(f, b) ==
    LET IsNext(i) == /\ Append(b, i) \notin f.blocks
                     /\ \A j \in 1 .. i - 1 : Append(b, j) \in f.blocks
    IN  Append(b, CHOOSE i \in 1 .. Cardinality(f.blocks) : IsNext(i))

Mine(f, b) == [f EXCEPT !.blocks = @ \cup {Child(f, b)}]
Publish(f, chains) == [f EXCEPT !.public = @ \cup UNION {Prefixes(c) : c \in chains}]

(* An honest win: a block on b, for all to see. *)
MineOpenly(f, b) == Publish(Mine(f, b), {Child(f, b)})

(* Two at once, on b and on c.  If the two winners may see different       *)
(* chains, other processes can be shown what is no longer than theirs.     *)
MineTwo(f, b, c) ==
    LET n == Maximum({Len(b), Len(c)})
        shown == IF Together THEN {} ELSE {d \in Held(f) : Len(d) <= n}
    IN  MineOpenly(MineOpenly(Publish(f, shown), b), c)
ParentsOfTwo(f) == IF Together THEN Longest(f) \X Longest(f) ELSE Held(f) \X Held(f)

(* What the processes that hold public chains have decided at depth k: all *)
(* but the last k blocks.  Outputs agree if one continues the other.       *)
Outputs(f, k) == {SubSeq(c, 1, Len(c) - k) : c \in f.public}
Agree(f, k) == \A c, d \in Outputs(f, k) : IsPrefix(c, d) \/ IsPrefix(d, c)
=============================================================================
