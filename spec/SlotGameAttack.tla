--------------------------- MODULE SlotGameAttack ---------------------------
(***************************************************************************)
(* The attack: an adversary that violates agreement whenever the condition *)
(* says that it can.                                                       *)
(*                                                                         *)
(* It knows the whole string beforehand.  At the right slot it splits the  *)
(* longest chain in two and makes both sides grow, by those moves of       *)
(* Settlement that lead to a violation; at the end it shows them both.     *)
(* That it keeps to the rules is a refinement: all it does is SlotGame.    *)
(***************************************************************************)
EXTENDS SlotGame

CONSTANT Symbols    \* the kinds of slots

ASSUME SlotGameAttackAssumption == Symbols \subseteq {"h", "H", "A"}

VARIABLES plan,         \* the whole string
          depth,        \* the k at which agreement is attacked
          side,         \* the two chains, side.x and side.y
          position      \* their lengths above the split, as in Settlement;
                        \* before the split it is None

attackVars == <<string, fork, plan, depth, side, position>>

None == [x |-> 0, y |-> 0, g |-> 1]     \* no fork starts like this
Rest == SubSeq(plan, Len(string) + 1, Len(plan))
Anyone(blocks) == CHOOSE b \in blocks : TRUE

(* From p on there are moves that lead to a violation within `rest'. *)
RECURSIVE CanWin(_, _)
CanWin(p, rest) ==
    \/ IsViolation(p, depth)
    \/ rest # << >> /\ \E q \in Moves(p, Head(rest)) : CanWin(q, Tail(rest))

AttackInit == /\ Init
              /\ plan \in [1 .. Length -> Symbols]
              /\ depth \in Depths
              /\ position = None
              /\ side = [x |-> Genesis, y |-> Genesis]
-----------------------------------------------------------------------------
(* Until its time has come it wastes what it wins. *)
Wait ==
    /\ position = None
    /\ Rest # << >> /\ ~CanWin(Split, Rest)
    /\ CASE Head(Rest) = "A" -> AdversaryBlock(Genesis)
         [] Head(Rest) = "h" -> HonestBlock(Anyone(Longest(fork)))
         [] Head(Rest) = "H" -> TwoBlocks(Anyone(Longest(fork)), Anyone(Longest(fork)))
    /\ UNCHANGED <<plan, depth, side, position>>

Begin ==
    /\ position = None
    /\ CanWin(Split, Rest) = TRUE   \* a value: TLC need not branch over it
    /\ position' = Split
    /\ LET b == Anyone(Longest(fork)) IN side' = [x |-> b, y |-> b]
    /\ UNCHANGED <<string, fork, plan, depth>>

(* The next slot is to make of the position what Goal says.  The chains    *)
(* that correct processes are to extend must be shown to them first.       *)
IsGrowing == position # None /\ ~IsViolation(position, depth)
Goal == CHOOSE q \in Moves(position, Head(Rest)) : CanWin(q, Tail(Rest))
Growing(goal) == {s \in {"x", "y"} : goal[s] > position[s]}
Extensible == CASE Head(Rest) = "A" -> fork.blocks
                [] Head(Rest) = "h" -> Longest(fork)
                [] Head(Rest) = "H" -> {p[1] : p \in ParentsOfTwo(fork)}

ShowToWinner ==
    /\ IsGrowing
    /\ \E s \in Growing(Goal) : side[s] \notin Extensible /\ Show(side[s])
    /\ UNCHANGED <<plan, depth, side, position>>

Grow ==
    /\ IsGrowing
    /\ position' = Goal
    /\ LET growing == Growing(position')
           first == IF "x" \in growing THEN "x" ELSE "y"
           last  == IF "y" \in growing THEN "y" ELSE "x"
       IN  /\ \A s \in growing : side[s] \in Extensible
           /\ CASE Head(Rest) = "A" -> AdversaryBlock(side[first])
                [] Head(Rest) = "h" -> HonestBlock(side[first])
                [] Head(Rest) = "H" -> TwoBlocks(side[first], side[last])
           /\ side' = [s \in {"x", "y"} |->
                IF s \notin growing THEN side[s]
                ELSE IF s = first THEN Child(fork, side[s])
                ELSE Child(Mine(fork, side[first]), side[s])]
    /\ UNCHANGED <<plan, depth>>

(* The shorter chain first, or nobody would look at it. *)
ShowBoth ==
    /\ position # None /\ IsViolation(position, depth)
    /\ \E s \in {"x", "y"} :
        /\ side[s] \notin fork.public
        /\ \A t \in {"x", "y"} : side[t] \in fork.public \/ Len(side[s]) <= Len(side[t])
        /\ Show(side[s])
    /\ UNCHANGED <<plan, depth, side, position>>

AttackNext == Wait \/ Begin \/ ShowToWinner \/ Grow \/ ShowBoth
AttackSpec == AttackInit /\ [][AttackNext]_attackVars
-----------------------------------------------------------------------------
(* It plays by the rules ... *)
PlaysByTheRules == SpecWithH

(* ... its chains stand where it believes ... *)
StandsWhereItBelieves == position # None =>
    /\ Len(side.x) - position.x = Len(side.y) - position.y
    /\ Height(fork) <= Len(side.x) - position.x + Maximum({position.x, position.y, position.g})

(* ... and when it stops, agreement is violated if it can be. *)
HasStopped == ~ENABLED AttackNext
Succeeds == HasStopped /\ Violates(plan, depth) => ~Agree(fork, depth)
-----------------------------------------------------------------------------
THEOREM AttackSpec => PlaysByTheRules
THEOREM AttackSpec => []Succeeds
=============================================================================
