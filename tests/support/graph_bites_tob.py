"""Defects over Total Order Broadcast, and where the state graphs part because of them."""

from model_consensus.defects.tob import DEFECTS
from model_consensus.systems import bounded
from tests.support.graph_bites import OURS, Implementation, Instance, Shows, Specification

# One correct process and one Byzantine: all that can go wrong with one learner, in a few states.
TOB = Instance("MCTobLearning_tiny", {"Lambda": "2"}, bounded.tob_learning)
# As the first, and two verified offers are blended.
BLEND = Instance("MCTobLearning_tiny", {"Lambda": "2", "Mu": "2"}, bounded.tob_learning)
INSTANCES = {"tob": TOB, "blend": BLEND}

TWO_OFFERS = "Init Offer Order Deliver ByzantineOffer"
"""p1's offer is accepted, and b1's, which is true, is about to be delivered."""

IMPLEMENTATION: Implementation = {
    "tob-unverified": (
        "tob",
        DEFECTS["unverified"],
        Shows("Init Offer Order Deliver ByzantineOffer", "Deliver", OURS, "learner.p1.evaluations"),
        "The second accepted offer completes a selection; even a true claim is not evaluated.",
    ),
    "tob-unbanned": (
        "tob",
        DEFECTS["unbanned"],
        Shows("Init Offer ByzantineOffer Order Deliver", "Deliver", OURS, "learner.p1.banned"),
        "A false claim is found out if it is least, so if b1's of 0 comes before p1's of 0.",
    ),
    "tob-repeated": (
        "tob",
        DEFECTS["repeated"],
        Shows(
            "Init ByzantineOffer Deliver ByzantineOffer",
            "Deliver",
            OURS,
            "learner.p1.accepted learner.p1.decided learner.p1.evaluations",
        ),
        "Two offers of b1 are two accepted offers: a selection, where one alone is none.",
    ),
    "tob-foreign": (
        "tob",
        DEFECTS["foreign"],
        Shows("Init ByzantineOffer", "Deliver", OURS, "learner.p1.accepted"),
        "b1 offers p1's ticket, which is accepted.",
    ),
    "tob-last-of-equals": (
        "tob",
        DEFECTS["last-of-equals"],
        Shows("Init Offer Order Deliver ByzantineOffer", "Deliver", OURS, "learner.p1.decided"),
        "Both claim 0, p1 first and b1 truly: b1's is decided, and all the rest is the same.",
    ),
    "tob-one-too-few": (
        "tob",
        DEFECTS["one-too-few"],
        Shows(
            "Init ByzantineOffer",
            "Deliver",
            OURS,
            "learner.p1.accepted learner.p1.decided learner.p1.evaluations",
        ),
        "One accepted offer is a selection.",
    ),
    "blend-unverified": (
        "blend",
        DEFECTS["blends-unverified"],
        Shows(TWO_OFFERS, "Deliver", OURS, "learner.p1.evaluations"),
        "The second of two true claims is not evaluated.",
    ),
    "blend-unevaluated": (
        "blend",
        DEFECTS["unevaluated-blend"],
        Shows(TWO_OFFERS, "Deliver", OURS, "learner.p1.decided loss"),
        "The blend is decided and its loss is not revealed.",
    ),
    "blend-no-floor": (
        "blend",
        DEFECTS["no-floor"],
        Shows(TWO_OFFERS, "Deliver", OURS, "learner.p1.decided"),
        "The blend is no better than an offer, and is decided.",
    ),
    "blend-wrong-floor": (
        "blend",
        DEFECTS["wrong-floor"],
        Shows(TWO_OFFERS, "Deliver", OURS, "learner.p1.decided"),
        "The blend is worse than an offer, and is decided.",
    ),
    "blend-equal-to-the-floor": (
        "blend",
        DEFECTS["equal-to-the-floor"],
        Shows(TWO_OFFERS, "Deliver", OURS, "learner.p1.decided"),
        "The blend is as good as the better offer, and is decided.",
    ),
    "blend-never": (
        "blend",
        DEFECTS["never-blends"],
        Shows(TWO_OFFERS, "Deliver", OURS, "learner.p1.decided"),
        "The blend loses 0 and both offers 1, and an offer is decided.",
    ),
    "blend-one-fewer": (
        "blend",
        DEFECTS["blends-one-fewer"],
        Shows(TWO_OFFERS, "Deliver", OURS, "learner.p1.evaluations loss"),
        "One offer is evaluated and decided; there is no blend whose loss could be revealed.",
    ),
}

SPECIFICATION: Specification = {
    "tob-repeated": (
        "tob",
        "TobLearner.tla",
        "IsLegalOffer(l, offer) /\\ IsFirst(l, offer) /\\ ~IsBanned",
        "IsLegalOffer(l, offer) /\\ ~IsBanned",
        Shows(
            "Init ByzantineOffer Deliver ByzantineOffer",
            "Deliver",
            OURS,
            "learner.p1.accepted learner.p1.decided learner.p1.evaluations",
        ),
        "The specification accepts b1's second offer and selects.",
    ),
    "tob-last-of-equals": (
        "tob",
        "TobLearner.tla",
        "offers[i].claim = offers[k].claim /\\ i <= k",
        "offers[i].claim = offers[k].claim /\\ i >= k",
        Shows("Init Offer Order Deliver ByzantineOffer", "Deliver", OURS, "learner.p1.decided"),
        "Of two true claims of 0 the specification takes b1's, which came second.",
    ),
    "tob-modest": (
        "tob",
        "TobLearner.tla",
        "landscape[Offered(offer)] = offer.claim",
        "landscape[Offered(offer)] >= offer.claim",
        Shows(
            "Init Offer ByzantineOffer Order Deliver",
            "Deliver",
            OURS,
            "learner.p1.accepted learner.p1.banned learner.p1.decided",
        ),
        "b1's claim of 0 for a loss of 1 comes first and is least: there decided, here banned.",
    ),
    "tob-uncounted": (
        "tob",
        "TobLearning.tla",
        "![p].evaluations = @ + ProposalCost]",
        "![p].evaluations = @]",
        Shows("Init", "Offer", OURS, "learner.p1.evaluations"),
        "The specification does not count a process's own draws.",
    ),
    "tob-initial": (
        "tob",
        "TobLearner.tla",
        "offered |-> 0, evaluations |-> 0]",
        "offered |-> 1, evaluations |-> 0]",
        Shows("", "Init", OURS, "learner.p1.offered"),
        "The initial states differ.",
    ),
    "tob-illegal": (
        "tob",
        "TobLearning.tla",
        "matters == /\\ IsOwnDraw(offer)\n",
        "matters == /\\ TRUE\n",
        Shows("Init", "ByzantineOffer", OURS, "loss"),
        "An illegal offer reveals a loss in the specification; the implementation reveals none.",
    ),
    "blend-no-floor": (
        "blend",
        "TobLearner.tla",
        "IF landscape[Blend(l)] < Floor(l).claim THEN",
        "IF TRUE THEN",
        Shows(TWO_OFFERS, "Deliver", OURS, "learner.p1.decided"),
        "The blend is no better than an offer, and the specification decides it.",
    ),
    "blend-equal-to-the-floor": (
        "blend",
        "TobLearner.tla",
        "IF landscape[Blend(l)] < Floor(l).claim THEN",
        "IF landscape[Blend(l)] <= Floor(l).claim THEN",
        Shows(TWO_OFFERS, "Deliver", OURS, "learner.p1.decided"),
        "The blend is as good as the better offer, and the specification decides it.",
    ),
    "blend-free": (
        "blend",
        "TobLearner.tla",
        "BlendCost == IF Mu > 1 THEN 1 ELSE 0",
        "BlendCost == 0",
        Shows(TWO_OFFERS, "Deliver", OURS, "learner.p1.evaluations"),
        "The specification does not count the evaluation of the blend.",
    ),
    "blend-one-fewer": (
        "blend",
        "TobLearner.tla",
        "IsVerified(l) == Len(l.verified) >= Mu",
        "IsVerified(l) == Len(l.verified) >= Mu - 1",
        Shows(TWO_OFFERS, "Deliver", OURS, "learner.p1.evaluations loss"),
        "The specification evaluates one offer and has nothing to blend it with.",
    ),
}
