"""Lives the demo retailer's days one after the other and delivers the files of each feed."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np

from basketry.errors import BadInputError
from tools.demo import feeds
from tools.demo.customers import Customers, change_mail, make_cohort, move_house, withdrawals
from tools.demo.follow_ups import ScheduledFollowUps, app_events, returned_lines, schedule_follow_ups
from tools.demo.manifest import MANIFEST_NAME, Manifest, read_manifest
from tools.demo.outbox import Outbox
from tools.demo.products import Products, make_products
from tools.demo.promotions import Campaign, loyalty_prices, new_campaign
from tools.demo.shopping import Market, simulate_purchases
from tools.demo.world import DAYS_PER_WEEK, Floats, World, first_day

CHANGES_A_DAY = 0.0004
"""Share of the active customers who move house or change their e-mail address on a day."""


def deliver(
    out: Path, end: date, start: date | None = None, seed: int = 7, scale: float = 1.0, weeks: int = 92
) -> Manifest:
    """Write all feeds of the demo retailer and the manifest.

    The same arguments give the same bytes; the same start with a later end leaves the files of ended periods as they are
    and replaces the newest of each feed. Files of an earlier delivery (listed in its manifest) that this one lacks are
    removed.

    Args:
        out: Folder that gets the files.
        end: Last day.
        start: First day; by default the Monday at least `weeks` weeks back.
        seed: Seed of all random numbers.
        scale: Size relative to the default.
        weeks: Weeks back from the end when there is no start.

    Raises:
        BadInputError: The arguments are impossible.
    """
    world = World(start or first_day(end, weeks), end, seed, scale)
    before = _delivered_before(out)
    manifest = Manifest(seed=seed, start=world.start.isoformat(), end=end.isoformat(), scale=scale)
    _Retailer(world, Outbox(world, out, manifest)).live()
    for superseded in before - {(file.feed, file.file) for file in manifest.files}:
        (out / superseded[0] / superseded[1]).unlink(missing_ok=True)
    manifest.files.sort(key=lambda file: (file.feed, file.file))
    manifest.defects.sort(key=lambda defect: (defect.feed, defect.file, defect.row_number))
    manifest.write(out)
    return manifest


def _delivered_before(out: Path) -> set[tuple[str, str]]:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInputError(f"{out} cannot be made a folder ({error.strerror}): give another --out.") from error
    if not (out / MANIFEST_NAME).exists():
        return set()
    listed = {(file.feed, file.file) for file in read_manifest(out).files}
    names = {feed.name for feed in feeds.FEEDS}
    return {(feed, file) for feed, file in listed if feed in names and Path(file).name == file}


class _Retailer:
    """Carries from one day to the next: customers, running campaigns, what comes back; never past lines."""

    def __init__(self, world: World, outbox: Outbox) -> None:
        self._world, self._outbox = world, outbox
        self._products: Products = make_products(world)
        self._customers: Customers = make_cohort(world, -1, self._products)
        self._changed: set[int] = set()
        self._withdrawn: set[int] = set()
        self._campaigns: tuple[Campaign, ...] = ()
        self._scheduled = ScheduledFollowUps()
        self._savings: Floats = np.zeros(len(self._products))

    def live(self) -> None:
        """Live through all days, oldest first."""
        rows = [feeds.customer_row(self._customers, who) for who in range(len(self._customers))]
        self._outbox.put_whole(feeds.CUSTOMERS, self._world.start, rows)
        for day in self._world.days:
            if self._world.begins_week(day):
                self._begin_week(day)
            self._trade(day)
            self._keep_customers(day)
            self._outbox.close_day(day)

    def _price_list(self, day: date) -> int:
        return (day - self._world.start).days // (feeds.PRODUCTS.weeks * DAYS_PER_WEEK)

    def _begin_week(self, day: date) -> None:
        week = self._world.week_of(day)
        self._customers = self._customers.followed_by(make_cohort(self._world, week, self._products))
        self._savings = loyalty_prices(self._world, week, self._products)
        if week % feeds.PRODUCTS.weeks == 0:
            on_hand = self._world.stream("stock", week).poisson(140, len(self._products)).tolist()
            rows = list(feeds.product_rows(self._products, self._price_list(day), on_hand))
            self._outbox.put_whole(feeds.PRODUCTS, day, rows)
        self._campaigns = tuple(campaign for campaign in self._campaigns if campaign.end >= day)
        started = new_campaign(self._world, day, self._customers, self._products)
        if started:
            self._announce(day, started)

    def _announce(self, day: date, campaign: Campaign) -> None:
        self._campaigns += (campaign,)
        self._outbox.put(feeds.CAMPAIGNS, day, feeds.campaign_rows(campaign))
        self._outbox.put(feeds.CAMPAIGN_MEMBERS, day, feeds.member_rows(campaign, self._customers))
        self._outbox.put(feeds.COUPONS, day, feeds.coupon_rows(campaign, self._products))

    def _trade(self, day: date) -> None:
        world, customers, products = self._world, self._customers, self._products
        number = self._price_list(day)
        market = Market(
            day=day,
            prices=products.prices(number),
            savings=self._savings,
            sold=products.first_list <= number,
            campaigns=self._campaigns,
        )
        lines, redemptions = simulate_purchases(world, market, customers, products)
        rows = feeds.order_line_rows(day, lines, customers, products)
        for batch in returned_lines(world, day, self._scheduled):
            rows += feeds.order_line_rows(day, batch, customers, products, kind="RETURN")
        schedule_follow_ups(world, day, lines, products, scheduled=self._scheduled)
        reviews = self._scheduled.reviews.pop(day.toordinal(), [])
        self._outbox.put(feeds.ORDER_LINES, day, rows)
        self._outbox.put(feeds.REDEMPTIONS, day, feeds.redemption_rows(day, redemptions, customers))
        self._outbox.put(feeds.REVIEWS, day, feeds.review_rows(day, reviews, customers, products))
        events = app_events(world, market, customers, products, lines=lines)
        self._outbox.put(feeds.EVENTS, day, feeds.event_rows(day, events, customers, products))

    def _keep_customers(self, day: date) -> None:
        """Deliver those who joined or changed when the period ends, as they are then."""
        self._changed |= set(np.flatnonzero(self._customers.joined == day.toordinal()).tolist())
        rng = self._world.stream("changes", day.toordinal())
        changing = rng.random(len(self._customers)) < CHANGES_A_DAY * self._customers.activity(day)
        for who in np.flatnonzero(changing).tolist():
            if rng.random() < 0.6:
                move_house(self._customers, who, rng)
            else:
                change_mail(self._customers, who)
            self._changed.add(who)
        today = withdrawals(self._world, self._customers, day, self._withdrawn)
        self._withdrawn |= {who for who, _ in today}
        self._outbox.put(feeds.OPT_OUTS, day, feeds.opt_out_rows(day, today, self._customers))
        if self._outbox.period_ends(feeds.CUSTOMERS, day) == day:
            rows = [feeds.customer_row(self._customers, who) for who in sorted(self._changed)]
            self._outbox.put_whole(feeds.CUSTOMERS, day, rows)
            self._changed.clear()
