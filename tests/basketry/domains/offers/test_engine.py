"""Decisions: the same whatever the batches, exact probabilities, every bad record with a fate of its own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from basketry.domains.offers.engine import Engine
from basketry.domains.offers.memory import Memory
from basketry.domains.offers.outcomes import BatchOutcome, ShownOffer
from basketry.domains.offers.records import Records
from tests.kit.changed import changed
from tests.kit.offers import NOON, batch, engine, nobody, only, record, settings, shop, world
from tools.demo.offer_shoppers import Showings, merge_records, select_records


def decided_and_answered(outcome: BatchOutcome, records: Records) -> list[tuple[object, ...]]:
    """What was decided and answered, in an order of its own."""
    rows: list[tuple[object, ...]] = []
    for positions, decisions in outcome.slot_decisions:
        for row, position in enumerate(positions.tolist()):
            rows.append(
                (
                    records.ids[position],
                    decisions.slot,
                    decisions.product[row],
                    decisions.probability[row],
                    decisions.reason[row],
                )
            )
    rows += [(response.offer_id, response.kind, response.revenue) for response in outcome.responses]
    return sorted(rows, key=str)


def lived(cuts: list[int], of: Engine, records: Records) -> tuple[list[tuple[object, ...]], Engine]:
    """What comes of the records when they are delivered in pieces, with memory written and read between any two."""
    rows: list[tuple[object, ...]] = []
    earlier: dict[str, ShownOffer] = {}
    for first, last in zip([0, *cuts], [*cuts, len(records)], strict=True):
        piece = select_records(records, np.arange(first, last))
        outcome = of.process(piece, frozenset(), earlier)
        earlier |= outcome.earlier
        rows += decided_and_answered(outcome, piece)
        memory = of.memory
        restored = Memory.from_bytes(memory.to_bytes(), memory.categories, memory.products, of.settings)
        of = replace(of, memory=restored)
    return sorted(rows, key=str), of


def two_days() -> Records:
    """Activity of two days, and the responses to what an engine decided on it, in order of time."""
    of = world()
    activity = merge_records(of.activity(0), of.activity(1))
    return merge_records(
        activity, of.responses(Showings.from_outcome(activity, engine().process(activity, frozenset(), {})))
    )


def test_batches_of_any_size_decide_the_same() -> None:
    """Cut anywhere, also inside an hour or a visit: the same rows, and the very same memory."""
    records = two_days()
    random = np.random.default_rng(3)
    whole, end = lived([], engine(), records)
    assert len(whole) > 300 and any("offer_click" in row for row in whole)
    for pieces in (2, 9):
        cuts = sorted(random.choice(len(records), pieces, replace=False).tolist())
        rows, other = lived(cuts, engine(), records)
        assert rows == whole
        assert other.memory.to_bytes() == end.memory.to_bytes()


def test_probabilities_are_exact_over_what_is_eligible() -> None:
    """They sum to 1 with showing nothing; what is not eligible has none; what is has at least its part of the floor."""
    records = world().activity(0)
    seen = 0
    for _, decided in engine(settings(control_share=0.0)).process(records, frozenset(), {}).slot_decisions:
        assert decided.probabilities.sum(axis=1) == pytest.approx(np.ones(len(decided.row)))
        eligible = decided.excluded_by < 0
        withheld = np.array([reason in ("opted out", "shown enough today") for reason in decided.reason])
        assert not decided.probabilities[:, :-1][~eligible].any()
        assert (decided.probabilities[:, :-1][eligible & ~withheld[:, None]] >= 0.03 / 21).all()
        chosen = decided.probabilities[np.arange(len(decided.row)), decided.column]
        assert (chosen == decided.probability).all() and (chosen > 0).all()
        seen += len(decided.row)
    assert seen > 100


def test_what_is_shown_is_shown_as_often_as_its_probability_says() -> None:
    """Over thousands of events the share of each candidate is its mean probability."""
    of, one = shop(), settings(control_share=0.0, at_most=1, a_day=10_000, a_category_a_day=10_000)
    events = batch([record(f"e{number}", shopper=f"s{number % 500}") for number in range(4_000)])
    outcome = engine(one, knowledge=nobody(of), popular=only(of, 3, 40, 90)).process(events, frozenset(), {})
    shares, means = np.zeros(21), np.zeros(21)  # 12 recommended, 8 popular, and nothing
    for _, decided in outcome.slot_decisions:
        np.add.at(shares, decided.column, 1)
        means += decided.probabilities.sum(axis=0)
    assert shares.sum() == 4_000
    spread = np.sqrt(np.maximum(means, 1))
    assert (np.abs(shares - means) < 4 * spread).all()


def test_control_gets_the_most_popular_and_is_always_control() -> None:
    """A tenth of the shoppers, the same ones in every batch, with probability 1."""
    of = engine(settings(at_most=1))
    records = world().activity(0)
    outcome = of.process(records, frozenset(), {})
    groups: dict[str, set[bool]] = {}
    for places, decided in outcome.slot_decisions:
        for row, place in enumerate(places.tolist()):
            groups.setdefault(records.shoppers[place], set()).add(bool(decided.control[row]))
            if decided.control[row]:
                assert decided.probability[row] == 1.0
    assert all(len(found) == 1 for found in groups.values())
    many = of.chooser.is_control([f"x{number}" for number in range(20_000)])
    assert many.mean() == pytest.approx(0.1, abs=0.01)


def shown_of(outcome: BatchOutcome) -> list[int]:
    return [int(product) for _, decided in outcome.slot_decisions for product in decided.product if product >= 0]


@pytest.mark.parametrize(
    ("a_day", "a_category_a_day", "shown", "why_no_more"),
    [
        (300, 300, [30, 30], set()),  # two at each of thirty events: nothing but a cap withholds any
        (3, 300, [2, 1], {"shown enough today"}),
        (300, 2, [2, 2], {"nothing eligible"}),
        (3, 2, [2, 1], {"shown enough today"}),
    ],
)
def test_a_shopper_is_shown_what_the_caps_allow_and_no_more(
    a_day: int, a_category_a_day: int, shown: list[int], why_no_more: set[str]
) -> None:
    """Offers a day in all and in a category: what is popular in two categories reaches each cap; the next day begins anew."""
    of, caps = shop(), settings(a_day=a_day, a_category_a_day=a_category_a_day, at_most=2)
    decides = engine(caps, knowledge=nobody(of), popular=only(of, 0, 15, 1, 16, 2, 17, 3, 18))
    for day in range(2):
        events = batch([record(f"e{day}-{number}", minutes=1440 * day + number) for number in range(30)])
        outcome = decides.process(events, frozenset(), {})
        assert np.bincount(of.category[shown_of(outcome)]).tolist() == shown
        reasons = {reason for _, decided in outcome.slot_decisions for reason in decided.reason}
        assert reasons == {"popular beside"} | why_no_more
        assert sum(len(decided.row) for _, decided in outcome.slot_decisions if decided.slot == 1) == 30


def test_an_opted_out_shopper_is_shown_nothing() -> None:
    """A row says so; nothing goes out."""
    of = shop()
    known = replace(nobody(of), opted_out=frozenset({"s001"}))
    outcome = engine(knowledge=known).process(record("e1"), frozenset(), {})
    [(_, decided)] = outcome.slot_decisions
    assert (
        decided.product.tolist() == [-1] and decided.reason == ["opted out"] and decided.probability.tolist() == [1.0]
    )


def test_an_unknown_shopper_is_served_from_what_is_popular() -> None:
    """A new shopper is no error."""
    outcome = engine().process(batch([record(f"e{n}", shopper="new", minutes=n) for n in range(9)]), frozenset(), {})
    reasons = {reason for _, decided in outcome.slot_decisions for reason in decided.reason}
    assert outcome.fate == ["good"] * 9
    assert reasons & {"popular", "popular beside"} and "recommended" not in reasons


@pytest.mark.parametrize(
    ("bad", "fate"),
    [
        (record(""), "event_id:missing"),
        (record("e", kind=""), "event_type:missing"),
        (record("e", kind="dance"), "event_type:unknown_value"),
        (record("e", shopper=""), "customer_id:missing"),
        (record("e", product="P9999"), "product_id:unknown"),
        (record("e", product=""), "product_id:unknown"),
        (record("e", minutes=30, delivered=0), "occurred_at:in_the_future"),
        (record("e", minutes=-60 * 24 * 400, delivered=0), "occurred_at:too_old"),
        (record("e", minutes=float("nan"), delivered=0, problem="occurred_at:not_a_time"), "occurred_at:not_a_time"),
        (record("e", problem="line:not_json"), "line:not_json"),
        (record("e", kind="offer_click"), "offer_id:missing"),
        (record("e", kind="offer_click", offer="x/1"), "offer_id:never_made"),
        (record("e", kind="offer_purchase", offer="x/1", revenue=-1.0), "revenue:not_an_amount"),
        (record("e", kind="offer_purchase", offer="x/1", revenue=1e30), "revenue:not_an_amount"),
    ],
)
def test_a_bad_record_is_set_aside_with_its_reason(bad: Records, fate: str) -> None:
    """And the good ones beside it are decided as if it were not there."""
    good = record("good", minutes=-1)
    outcome = engine().process(batch([good, bad]), frozenset(), {})
    assert outcome.fate == ["good", fate]
    assert {one.slot for _, one in outcome.slot_decisions} <= {1, 2}
    assert all(places.tolist() == [0] for places, _ in outcome.slot_decisions)


def test_late_and_repeated_events_are_counted_and_not_decided() -> None:
    """Behind the newest by more than an hour; an id that was seen in this batch or before."""
    rows = [record("a"), record("b", minutes=-61, delivered=1), record("a", minutes=2), record("c", minutes=3)]
    outcome = engine().process(batch(rows), frozenset({"c"}), {})
    assert outcome.fate == ["good", "late", "duplicate", "duplicate"]


def answered() -> tuple[Engine, BatchOutcome, str]:
    """An engine that has shown s001 an offer, and the offer's id."""
    of = engine(settings(floor=0.0, no_offer_below=0.0001, at_most=1))
    outcome = of.process(record("e1"), frozenset(), {})
    [offer] = outcome.shown
    return of, outcome, offer


@pytest.mark.parametrize(
    ("given", "fate"),
    [
        ({}, "good"),
        ({"shopper": "s002"}, "offer_id:made_to_somebody_else"),
        ({"minutes": -1.0}, "offer_id:answered_before_it_was_made"),
        ({"minutes": 60 * 24 * 8.0}, "offer_id:answered_too_late"),
    ],
)
def test_a_response_counts_only_for_the_offer_it_answers(given: dict[str, object], fate: str) -> None:
    """Of the right shopper, after the offer, within the days allowed."""
    of, outcome, offer = answered()
    click = record("r1", **({"kind": "offer_click", "offer": offer, "minutes": 1.0} | given))  # type: ignore[arg-type]
    assert of.process(click, frozenset(), outcome.earlier).fate == [fate]


def test_a_second_click_counts_once_and_a_redelivered_one_is_a_duplicate() -> None:
    """Three clicks, one of them delivered twice: one response."""
    of, outcome, offer = answered()
    clicks = [record(name, kind="offer_click", offer=offer, minutes=1 + n) for n, name in enumerate(("r1", "r2", "r1"))]
    second = of.process(batch(clicks), frozenset(), outcome.earlier)
    assert second.fate == ["good", "repeated", "duplicate"]
    assert len(second.responses) == 1


def test_a_response_delivered_before_its_decision_is_set_aside() -> None:
    """In the order of delivery the offer does not exist yet."""
    of, _, offer = answered()
    rows = [record("r1", kind="offer_click", offer=offer, minutes=1, shopper="s001"), record("e1")]
    fresh = engine(of.settings)
    assert fresh.process(batch(rows), frozenset(), {}).fate == ["offer_id:never_made", "good"]


def test_clicks_change_what_is_chosen_and_only_from_the_next_epoch() -> None:
    """A category that is always clicked is chosen more often an hour later, not before."""
    of, one = shop(), settings(control_share=0.0, at_most=1, a_day=9_999, a_category_a_day=9_999)
    learner = engine(one, knowledge=nobody(of), popular=only(of, 3, 40, 90))
    before = learner.memory.live
    first = batch([record(f"e{n}", shopper=f"s{n}") for n in range(600)])
    outcome = learner.process(first, frozenset(), {})
    liked = {name: shown for name, shown in outcome.shown.items() if shown.product == 40}
    clicks = [
        record(f"r{n}", "offer_click", shown.shopper, offer=name, minutes=2)
        for n, (name, shown) in enumerate(liked.items())
    ]
    learner.process(batch(clicks), frozenset(), outcome.earlier)
    assert learner.memory.live.moment.tolist() == before.moment.tolist()
    later = learner.process(batch([record(f"f{n}", shopper=f"s{n}", minutes=61) for n in range(600)]), frozenset(), {})
    assert learner.memory.live.moment.tolist() != before.moment.tolist()
    assert shown_of(later).count(40) > 1.5 * shown_of(outcome).count(40)


def test_a_budget_that_is_spent_ends_the_offer() -> None:
    """From the next epoch on, and the next offer of the list applies."""
    base = settings(control_share=0.0)
    offers = (changed(base.offers[1], id="first", budget=0.01), changed(base.offers[1], id="second", discount=0.2))
    of = engine(changed(base, offers=offers, floor=0.0, no_offer_below=0.0001))
    outcome = of.process(record("e1"), frozenset(), {})
    [offer, *_] = outcome.shown
    bought = record("r1", kind="offer_purchase", offer=offer, minutes=1, revenue=5.0)
    of.process(bought, frozenset(), outcome.earlier)
    assert of.memory.spent[0] >= 0.01
    later = of.process(record("e2", minutes=65), frozenset(), {})
    discounts = {shown.discount for shown in later.shown.values()}
    assert discounts == {0.2}


def test_memory_follows_products_and_categories_that_come_and_go() -> None:
    """What is known of those that stay is kept, by name."""
    of = engine()
    of.process(batch([record("e1"), record("e2", kind="purchase", product="P0020", minutes=1)]), frozenset(), {})
    memory = of.memory
    restored = Memory.from_bytes(
        memory.to_bytes(), ("new", *reversed(memory.categories[1:])), memory.products[10:], of.settings
    )
    assert restored.shoppers == memory.shoppers and restored.newest == memory.newest
    index = restored.shoppers["s001"]
    assert restored.interest[index, restored.categories.index("C01")] == memory.interest[index, 1] > 0
    assert restored.last_bought(np.array([index]), np.array([[restored.products.index("P0020")]])).tolist() == [
        [int(NOON // 86400)]
    ]
    assert restored.live.moment.shape == memory.live.moment.shape
