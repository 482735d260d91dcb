-------------------------- MODULE TracePowLearning --------------------------
(***************************************************************************)
(* Are these recorded executions behaviours of PowLearning?                *)
(* (See Traces.)                                                           *)
(***************************************************************************)
EXTENDS PowLearning, Traces

traceVars == <<vars, trace, step, by>>

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
(* DIAGNOSIS of rejected traces: what could have happened instead, from    *)
(* the last good state on?                                                 *)
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
