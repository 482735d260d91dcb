--------------------------- MODULE MCLearningAlone --------------------------
(***************************************************************************)
(* Without a message nobody matches more than he evaluates.                *)
(*                                                                         *)
(* A process on its own evaluates at most c >= 1 models and decides one.   *)
(* Whatever it evaluates and decides, there is a landscape in which what   *)
(* it sees is the same and its model matches at most c: all that it        *)
(* evaluates lose 1, and all else loses 0, but for the decided model, if   *)
(* that is one which it did not evaluate: this loses 2.  Here the process  *)
(* does anything, which covers every deterministic choice, also one that   *)
(* depends on what it has seen; and the landscape answers in that way.     *)
(***************************************************************************)
EXTENDS EvolutionarySearch

CONSTANT Budget     \* c: how many models it evaluates

VARIABLES evaluated, choice     \* what it has evaluated; << >>, or its decision

Everything == UNION {AllDrawn(Genesis, q) : q \in Proc}

Init == evaluated = {} /\ choice = << >>

Evaluate == \E m \in Everything \ evaluated :
    /\ choice = << >>
    /\ Cardinality(evaluated) < Budget
    /\ evaluated' = evaluated \cup {m}
    /\ UNCHANGED choice

Choose == \E m \in Everything :
    /\ choice = << >>
    /\ choice' = <<m>>
    /\ UNCHANGED evaluated

Next == Evaluate \/ Choose
Spec == Init /\ [][Next]_<<evaluated, choice>>

(* The landscape that answers. *)
Answers == [m \in Everything |->
    IF m \in evaluated THEN 1 ELSE IF choice = <<m>> THEN 2 ELSE 0]

(* In it the decision does not match one proposal more than Budget. *)
Defeated == choice # << >> =>
    ~MatchesUnchosen(Answers, choice[1], Genesis, Proc, Budget + 1)

(* It may match as many as that: the bound is tight. *)
NeverMatchesBudget == choice # << >> =>
    ~MatchesUnchosen(Answers, choice[1], Genesis, Proc, Budget)
=============================================================================
