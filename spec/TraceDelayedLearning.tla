------------------------ MODULE TraceDelayedLearning ------------------------
(***************************************************************************)
(* Are these recorded executions behaviours of DelayedLearning?            *)
(*                                                                         *)
(* They are checked as those of PowLearning are (see TracePowLearning).  A *)
(* configuration puts the operators here for those of the same name        *)
(* without "Timed".                                                        *)
(***************************************************************************)
EXTENDS DelayedLearning, TracePowLearning

InitTimed == LearnerInit /\ offers = {} /\ loss = << >> /\ slots = << >>

ShapeTimed == [blocks |-> blocks, known |-> known, tip |-> tip, banned |-> banned,
               offers |-> offers, loss |-> loss, decided |-> decided, slots |-> slots]

StateIsTimed(state) == /\ blocks = state.blocks
                       /\ known = state.known
                       /\ tip = state.tip
                       /\ banned = state.banned
                       /\ offers = state.offers
                       /\ loss = state.loss
                       /\ decided = state.decided
                       /\ slots = state.slots

(* The forgery has work or not, as the label says. *)
ForgedAsLabelledTimed(p) == \A block \in Label.forged :
    /\ Label.work => \E t \in DC!NextSlots : MayWinIn(block.miner, t)
    /\ Forge(p, block, Label.work)

ActTimed(action, processes, places) ==
    /\ \/ action = "MakeOffer" /\ \E p \in Correct \cap processes : MakeOfferTimed(p)
       \/ action = "Catch" /\ \E p \in Correct \cap processes : CatchTimed(p)
       \/ action = "Mine" /\ \E p \in Correct \cap processes : MineTimed(p)
       \/ action = "Receive"
              /\ \E p \in Correct \cap processes, i \in places : ReceiveTimed(p, i)
       \/ action = "ByzantineOffer"
              /\ \E b \in Byzantine \cap processes : ByzantineOfferTimed(b)
       \/ action = "ByzantineMine"
              /\ \E b \in Byzantine \cap processes : ByzantineMineTimed(b)
       \/ action = "ByzantinePublish"
              /\ \E p \in Correct \cap processes, i \in places : ByzantinePublishTimed(p, i)
       \/ action = "ByzantineForge"
              /\ \E p \in Correct \cap processes :
                    ByzantineForgeTimed(p) /\ ForgedAsLabelledTimed(p)
    /\ decided' = Decided'

(* The heights of the blocks count from the genesis, of a window, too. *)
TraceLinks == [i \in DOMAIN blocks |->
    [parent |-> blocks[i].parent, height |-> Height(i) - Recorded.since, miner |-> Miner(i)]]

(* How many of the first n wins are pacers (see DelayedChain), and the     *)
(* slot of the last of them.  What a window leaves out is counted before.  *)
RECURSIVE PacedUpTo(_)
PacedUpTo(n) ==
    LET With(before) ==
            IF Miner(n) \in Correct /\ before[2] + Delta < slots[n]
            THEN <<before[1] + 1, slots[n]>> ELSE before
    IN  IF n = 0 THEN Recorded.paced ELSE Once(With, PacedUpTo(n - 1))

(* It counts what DelayedChain defines, in a time that does not double     *)
(* with each win.  The two are compared while there are few.               *)
PacersAreCounted ==
    Won = Len(blocks) /\ Won <= 6 => PacedUpTo(Len(blocks))[1] = Cardinality(DC!Pacers)

(* At most Depth wins are no pacers, or there are so few wins that no      *)
(* factor of them is bad.                                                  *)
DepthWasSafeTimed ==
    \/ Won - PacedUpTo(Len(blocks))[1] <= Depth
    \/ Won <= 2 * Depth + 1

TraceTypeOKTimed == step = TraceLength => TimedTypeOK
=============================================================================
