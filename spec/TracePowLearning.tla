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

(* The models up to that of a block, without the way back to the genesis.  *)
TraceModels(i) == IF i = 0 THEN <<TraceGenesis>> ELSE Recorded.chains[i]
TraceModelOf(i) == Last(TraceModels(i))
TraceHeight(i) == Recorded.since + Len(TraceModels(i)) - 1

(* A window leaves earlier blocks out: they count as wins, and the models  *)
(* before its genesis model are decided.                                   *)
TraceWon == Recorded.dropped + Len(blocks)
TraceStolen == Recorded.stolen + Cardinality({i \in DOMAIN blocks : Miner(i) \in Byzantine})
TraceDecisions(outputs) == Recorded.since + Len(outputs) - 1

(* The landscape never changes, so the blocks in a trace stay valid.       *)
TraceConsistent(landscapes) == landscapes

(* What the adversary may have offered, mined or forged in a step is what  *)
(* it did.  A block that is forged and refused changes nothing, or reveals *)
(* losses: without its label, a correct process that refuses a valid block *)
(* could pass.                                                             *)
TraceLies(b, i) == {o \in NextState.offers \ offers :
    /\ o.sender = b /\ o.parent = ModelOf(i)
    /\ IsOwnTicket(o.ticket, Height(i) + 1, b)}
TraceForgeries == Label.forged
TraceStepsOn(i, public) ==
    LET last == NextState.blocks[Len(NextState.blocks)]
    IN  IF Len(NextState.blocks) > Len(blocks) /\ last.parent = i
           /\ last.step \subseteq TicketsOn(i, public)
           /\ Names!IsLegalStep(last.step, Height(i) + 1)
        THEN {last.step} ELSE {}

(* The sets of offers that p may have had, by the label or, without one,   *)
(* any; in a diagnosis, all others that there are.  Of each sender there   *)
(* is one in them; where a sender has made several, it is open which.      *)
Senders(some) == {o.sender : o \in some}
OneOfEach(some) ==
    LET twins == {o \in some : \E other \in some \ {o} : other.sender = o.sender}
    IN  {seen \in {(some \ twins) \cup chosen : chosen \in SUBSET twins} :
            Senders(seen) = Senders(some) /\ Cardinality(seen) = Cardinality(Senders(some))}
TraceCollected(p) ==
    LET all == OffersOn(tip[p]) IN
    IF p \in Label.senders
    THEN {seen \in OneOfEach({o \in all : o.sender \in Label.senders}) :
            Senders(seen) = Label.senders}
    ELSE IF LastGood # << >> THEN {seen \in OneOfEach(all) : p \in Senders(seen)}
    ELSE IF Label.senders # {} THEN {}
    ELSE {seen \in SUBSET all :
            p \in Senders(seen) /\ Cardinality(seen) = Cardinality(Senders(seen))}

(* The forgery has work or not, as the label says. *)
ForgedAsLabelled(p) == \A block \in Label.forged :
    (Label.work => MayWin(block.miner)) /\ Forge(p, block, Label.work)
-----------------------------------------------------------------------------
Shape == [blocks |-> blocks, known |-> known, tip |-> tip, banned |-> banned,
          offers |-> offers, loss |-> loss, decided |-> decided]

StateIs(state) == /\ blocks = state.blocks
                  /\ known = state.known
                  /\ tip = state.tip
                  /\ banned = state.banned
                  /\ offers = state.offers
                  /\ loss = state.loss
                  /\ decided = state.decided

(* A step of the specification, by the name of its action, who may take it *)
(* and which block it may be about.                                        *)
Actions == {"MakeOffer", "Catch", "Mine", "Receive",
            "ByzantineOffer", "ByzantineMine", "ByzantinePublish", "ByzantineForge"}
Act(action, processes, places) ==
    /\ \/ action = "MakeOffer" /\ \E p \in Correct \cap processes : MakeOffer(p)
       \/ action = "Catch" /\ \E p \in Correct \cap processes : Catch(p)
       \/ action = "Mine" /\ \E p \in Correct \cap processes : Mine(p)
       \/ action = "Receive"
              /\ \E p \in Correct \cap processes, i \in places : Receive(p, i)
       \/ action = "ByzantineOffer"
              /\ \E b \in Byzantine \cap processes : ByzantineOffer(b)
       \/ action = "ByzantineMine" /\ \E b \in Byzantine \cap processes : ByzantineMine(b)
       \/ action = "ByzantinePublish"
              /\ \E p \in Correct \cap processes, i \in places : ByzantinePublish(p, i)
       \/ action = "ByzantineForge"
              /\ \E p \in Correct \cap processes : ByzantineForge(p) /\ ForgedAsLabelled(p)
    /\ decided' = Decided'

(* The depth was safe so far, by the blocks that there are. *)
DepthWasSafe ==
    \/ Stolen <= Depth
    \/ Won <= 2 * Depth + 1

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
    /\ TLCGet(t).first = 0 => Init
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
(* Blocks never change, and only come to a chain, so the last ones and     *)
(* their lineage are those of all.                                         *)
TraceTypeOK == step = TraceLength => TypeOK
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
