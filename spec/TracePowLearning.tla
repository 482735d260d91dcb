-------------------------- MODULE TracePowLearning --------------------------
(***************************************************************************)
(* Are these recorded executions behaviours of PowLearning?                *)
(*                                                                         *)
(* A trace gives the value of every variable in each of its states, so     *)
(* each step has at most one successor: the recorded one, if the           *)
(* specification's own Next allows it.  A trace whose last state is        *)
(* reached is accepted, and TLC prints so.  Many traces go into one run.   *)
(*                                                                         *)
(* In a trace a model is a number instead of its lineage and the landscape *)
(* is known: a configuration substitutes the operators of this module for  *)
(* those of the specification.                                             *)
(***************************************************************************)
EXTENDS PowLearning, Integers, TLC

(* The traces are in TLC's registers 1, 2 and so on, where an assumption   *)
(* of the module that extends this one has put them (TLC evaluates a       *)
(* definition anew more often than one would think).  Each has             *)
(*   states      the sequence of its states                                *)
(*   losses      the loss of each model but the genesis                    *)
(*   generations its generation                                            *)
(*   children    of each model, the genesis included: its offspring, by    *)
(*               proposer and draw; 0 where it was never drawn             *)
(*   blocks      the model of each block                                   *)
CONSTANT TraceCount     \* how many traces there are

VARIABLES trace,    \* the number of the trace
          step,     \* the number of its state
          by        \* in a diagnosis: the action that leads here

traceVars == <<vars, trace, step, by>>

Recorded == TLCGet(trace)
TraceLength == Len(Recorded.states)

(* Models are numbered from 2^30 on, the genesis model first, and so cannot *)
(* be taken for other numbers.                                              *)
TraceGenesis == 1073741824
Index(model) == model - TraceGenesis
TraceGeneration(model) ==
    IF Index(model) \in DOMAIN Recorded.generations
    THEN Recorded.generations[Index(model)] ELSE 0
TraceOffspring(parent, ticket) ==       \* 0 if it was never drawn
    LET i == Index(parent) + 1
        p == ticket.proposer
        j == ticket.draw + 1
    IN  IF /\ i \in DOMAIN Recorded.children
           /\ p \in DOMAIN Recorded.children[i]
           /\ j \in DOMAIN Recorded.children[i][p]
           /\ ticket.generation = TraceGeneration(parent) + 1
        THEN Recorded.children[i][p][j] ELSE 0
TraceLandscapes(models) ==              \* no answer for models that were never drawn
    IF 0 \in models THEN {} ELSE {[m \in models |-> Recorded.losses[Index(m)]]}

(* A block's model, without the way back to the genesis. *)
TraceModelOf(i) == IF i = 0 THEN TraceGenesis ELSE Recorded.blocks[i]

(* What an evaluation by q on block i finds: what the landscape says.  For *)
(* speed it finds nothing where q's evaluation cannot lead to the recorded *)
(* state, which has a new block of q on i or, if a forged block is         *)
(* refused, the same blocks.                                               *)
NextState == Recorded.states[step + 1]
TraceExplored(q, i) ==
    LET new == Len(NextState.blocks) > Len(blocks)
        last == NextState.blocks[Len(NextState.blocks)]
        undrawn == OwnOffspring(ModelOf(i), q) \ DOMAIN loss
    IN  IF new => last.parent = i /\ last.ticket.proposer = q
        THEN {Reveal(loss, drawn) : drawn \in Landscapes(undrawn)} ELSE {}

(* A refused block leaves no trace but the losses of its miner's tickets,  *)
(* so one for each miner and parent stands for all.                        *)
TraceForgeries ==
    IF NextState.blocks = blocks /\ NextState.known = known
    THEN {[parent |-> i, ticket |-> Ticket(Height(i) + 1, b, 0), claim |-> -1] :
            i \in 0 .. Len(blocks), b \in Byzantine}
    ELSE {}
-----------------------------------------------------------------------------
StateIs(state) == /\ blocks = state.blocks
                  /\ known = state.known
                  /\ tip = state.tip
                  /\ loss = state.loss

Accept(t, i) == i = Len(TLCGet(t).states) => PrintT(<<"accepted", t>>)

TraceInit == \E t \in 1 .. TraceCount :
    /\ trace = t /\ step = 1 /\ by = ""
    /\ StateIs(TLCGet(t).states[1])
    /\ Init
    /\ Accept(t, 1)

(* The recorded step, and it is one of the specification's. *)
TraceNext ==
    /\ step < TraceLength
    /\ step' = step + 1
    /\ UNCHANGED <<trace, by>>
    /\ \E next \in {Recorded.states[step + 1]} : /\ blocks' = next.blocks
                                               /\ known' = next.known
                                               /\ tip' = next.tip
                                               /\ loss' = next.loss
    /\ Next
    /\ Accept(trace, step')

TraceSpec == TraceInit /\ [][TraceNext]_traceVars
-----------------------------------------------------------------------------
(* Blocks only come to a chain, so the last chains' lineage is that of all *)
(* that stayed in them.                                                    *)
TraceLineage == step = TraceLength => Lineage
-----------------------------------------------------------------------------
(* DIAGNOSIS of rejected traces.  How far did they come? *)
AcceptEach(t, i) == PrintT(<<"accepted", t, i>>)

(* And what could have happened instead, from the last good state on?      *)
(* LastGood is a sequence of pairs <<trace, step>>; step 0 stands for the  *)
(* time before the first state.                                            *)
CONSTANT LastGood

DiagnoseInit == \E i \in DOMAIN LastGood :
    /\ trace = LastGood[i][1] /\ step = LastGood[i][2]
    /\ IF step = 0 THEN Init /\ by = "Init"
       ELSE StateIs(Recorded.states[step]) /\ by = ""

DiagnoseNext ==
    /\ by = ""
    /\ UNCHANGED <<trace, step>>
    /\ \/ (\E p \in Correct : Mine(p)) /\ by' = "Mine"
       \/ (\E p \in Correct, i \in DOMAIN blocks : Receive(p, i)) /\ by' = "Receive"
       \/ (\E b \in Byzantine : ByzantineMine(b)) /\ by' = "ByzantineMine"
       \/ (\E p \in Correct, i \in DOMAIN blocks : ByzantinePublish(p, i))
              /\ by' = "ByzantinePublish"
       \/ (\E p \in Correct : ByzantineForge(p)) /\ by' = "ByzantineForge"
=============================================================================
