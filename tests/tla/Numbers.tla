------------------------------- MODULE Numbers -------------------------------
(* One state with values of every kind, for what TLC prints. *)
EXTENDS Integers, Sequences, FiniteSets, TLC

CONSTANT m

VARIABLE x

Values == <<
    -3, TRUE, "text", "a \"quoted\\ one\"", m, <<>>, {}, <<1, <<2>>>>, {{1}, {}}, 2 .. 4,
    [a |-> 1, b |-> [c |-> m]], [i \in {0, 1} |-> i * i], [s \in {"x", "y"} |-> {s}],
    [i \in 1 .. 2 |-> "two"], [s \in {<<1>>, <<1, 2>>} |-> Len(s)], SUBSET {1, 2},
    [i \in {m} |-> FALSE], [i \in 0 .. 30 |-> "a value that is so long that it needs more lines"]
>>

Init == x = Values
Next == x' = <<>>
Inv == x = <<>>
==============================================================================
