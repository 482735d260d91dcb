-------------------------- MODULE TracePowLearning --------------------------
(***************************************************************************)
(* Are these recorded executions behaviours of PowLearning?                *)
(* (See Traces and TraceSearch.)                                           *)
(*                                                                         *)
(* A trace has the decisions as a variable of their own: a process that    *)
(* decides at another depth has the same chains.                           *)
(***************************************************************************)
EXTENDS PowLearning, TraceSearch

VARIABLE decided    \* decided[p]: the models that p has decided

traceVars == <<vars, decided, trace, step, by>>

(* A block's model, without the way back to the genesis. *)
TraceModelOf(i) == IF i = 0 THEN TraceGenesis ELSE Recorded.models[i]

(* What an evaluation by q on block i finds: what the landscape says.  For *)
(* speed it finds nothing where q's evaluation cannot lead to the recorded *)
(* state, which has a new block of q on i or, if a forged block is         *)
(* refused, the same blocks.                                               *)
TraceExploredOn(i, q) ==
    LET new == Len(NextState.blocks) > Len(blocks)
        last == NextState.blocks[Len(NextState.blocks)]
    IN  IF new => last.parent = i /\ last.ticket.proposer = q
        THEN Explored(loss, ModelOf(i), q) ELSE {}

(* A block that is forged and refused changes nothing, or reveals losses.  *)
(* So a step may be taken for a forgery only if the trace says which block *)
(* it was: else a correct process that refuses a valid block could pass.   *)
TraceForgeries == Label.forged

(* Whether it has work is what the trace says; with work it must be wrong, *)
(* or its parent unknown to p.                                             *)
ForgedAsLabelled(p) ==
    \A block \in Label.forged :
        IF ~Label.work THEN UNCHANGED vars
        ELSE /\ MayWin(block.ticket.proposer)
             /\ IF FollowsParent(p, block)
                THEN \E true \in TraceExploredOn(block.parent, block.ticket.proposer) :
                        ~IsExact(block, true) /\ Remember(true, block.parent)
                ELSE UNCHANGED vars
-----------------------------------------------------------------------------
Shape == [blocks |-> blocks, known |-> known, tip |-> tip, decided |-> decided, loss |-> loss]

StateIs(state) == /\ blocks = state.blocks
                  /\ known = state.known
                  /\ tip = state.tip
                  /\ decided = state.decided
                  /\ loss = state.loss

(* A step of the specification, by the name of its action, who may take it *)
(* and which block it may be about.                                        *)
Actions == {"Mine", "Receive", "ByzantineMine", "ByzantinePublish", "ByzantineForge"}
Act(action, processes, places) ==
    /\ \/ action = "Mine" /\ \E p \in Correct \cap processes : Mine(p)
       \/ action = "Receive"
              /\ \E p \in Correct \cap processes, i \in places : Receive(p, i)
       \/ action = "ByzantineMine" /\ \E b \in Byzantine \cap processes : ByzantineMine(b)
       \/ action = "ByzantinePublish"
              /\ \E p \in Correct \cap processes, i \in places : ByzantinePublish(p, i)
       \/ action = "ByzantineForge"
              /\ \E p \in Correct \cap processes : ByzantineForge(p) /\ ForgedAsLabelled(p)
    /\ decided' = Decided'

(* The depth was safe so far, by the blocks that there are. *)
DepthWasSafe ==
    \/ Cardinality({i \in DOMAIN blocks : Miner(i) \in Byzantine}) <= Depth
    \/ Len(blocks) <= 2 * Depth + 1

(* Where the depth was not safe, correct processes may come to disagree or *)
(* to take a decision back.  That is a fault of the depth, and the trace   *)
(* may go on.                                                              *)
AgreesNow == \A p, q \in Correct :
    IsPrefix(decided[p], decided[q]) \/ IsPrefix(decided[q], decided[p])
KeepsDecisions == \A p \in Correct : IsPrefix(decided[p], decided[p]')
Notice == /\ AgreesNow' \/ PrintT(<<"unsafe", trace, step', "Agreement">>)
          /\ KeepsDecisions \/ PrintT(<<"unsafe", trace, step', "Integrity">>)

TraceInit == \E t \in 1 .. TraceCount :
    /\ trace = t /\ step = 1 /\ by = ""
    /\ StateIs(TLCGet(t).states[1])
    /\ Init
    /\ decided = Decided
    /\ Reached(t, 1)

(* The recorded step: one of the specification's, and as it is labelled. *)
TraceNext ==
    /\ step < TraceLength
    /\ step' = step + 1
    /\ UNCHANGED <<trace, by>>
    /\ \E action \in LabelledActions(Actions) :
        Act(action, LabelledProcesses(Proc), LabelledBlocks(DOMAIN blocks))
    /\ Shape' = NextState
    /\ Notice
    /\ Reached(trace, step')

TraceSpec == TraceInit /\ [][TraceNext]_traceVars
-----------------------------------------------------------------------------
(* Blocks only come to a chain, so the last chains' lineage is that of all *)
(* that stayed in them.                                                    *)
TraceLineage == step = TraceLength => Lineage

(* P2: where the depth was safe, the outputs agree and only grow. *)
TraceAgreement == DepthWasSafe => AgreesNow
TraceIntegrity == [][DepthWasSafe' => KeepsDecisions]_traceVars
-----------------------------------------------------------------------------
(* DIAGNOSIS of rejected traces: what could have happened instead, from    *)
(* the last good state on?                                                 *)
DiagnoseInit == \E i \in DOMAIN LastGood :
    /\ trace = LastGood[i][1] /\ step = LastGood[i][2]
    /\ IF step = 0 THEN Init /\ decided = Decided /\ by = "Init"
       ELSE StateIs(Recorded.states[step]) /\ by = ""

DiagnoseNext ==
    /\ by = ""
    /\ UNCHANGED <<trace, step>>
    /\ \E action \in Actions : Act(action, Proc, DOMAIN blocks) /\ by' = action
=============================================================================
