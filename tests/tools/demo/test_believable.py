"""The demo data is what a person would believe and a model can learn from."""

from __future__ import annotations

import re
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from tests.tools.demo.conftest import END, Delivery
from tests.tools.demo.reading import AMOUNTS, good_rows
from tools.demo.places import ZIP_CODES

DISCOUNTS = ["Loyalty Savings", "Campaign Coupon", "Mfr Coupon", "Mfr Coupon Match"]


@pytest.fixture(scope="module")
def lines(delivery: Delivery) -> pd.DataFrame:
    """Good order lines with their category, amounts as numbers."""
    frame = pd.DataFrame(good_rows(delivery.folder, "order_lines"))
    frame["day"] = pd.to_datetime(frame["Business Date"], format="%m/%d/%Y")
    frame["Item Code"] = frame["Item Code"].str.strip()
    frame[[*AMOUNTS, "Qty"]] = frame[[*AMOUNTS, "Qty"]].astype(float)
    products = pd.DataFrame(good_rows(delivery.folder, "products")).drop_duplicates("Item Code")
    return frame.merge(products[["Item Code", "Category", "Department"]], on="Item Code", how="left")


@pytest.fixture(scope="module")
def sales(lines: pd.DataFrame) -> pd.DataFrame:
    """Only sales."""
    return lines[lines["Type"] == "SALE"]


@pytest.fixture(scope="module")
def customers(delivery: Delivery) -> pd.DataFrame:
    """Customers as last delivered."""
    return pd.DataFrame(good_rows(delivery.folder, "customers"))


def area_under_curve(score: pd.Series, label: pd.Series) -> float:
    """Probability that a random positive scores higher than a random negative (ties count half)."""
    ranks = score.rank()
    positives = int(label.sum())
    return float((ranks[label].sum() - positives * (positives + 1) / 2) / (positives * (len(label) - positives)))


def category_history(sales: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """Each customer of the last 90 days and each category: days bought on then; bought in the next 30 days or not."""
    known = sales[sales["Customer No"] != ""].drop_duplicates(["Customer No", "Category", "day"])
    cut = pd.Timestamp(as_of)
    past = known[(known["day"] <= cut) & (known["day"] > cut - timedelta(days=90))]
    future = known[(known["day"] > cut) & (known["day"] <= cut + timedelta(days=30))]
    pairs = pd.MultiIndex.from_product([past["Customer No"].unique(), sales["Category"].dropna().unique()])
    table = pd.DataFrame(index=pairs)
    table["frequency"] = past.groupby(["Customer No", "Category"]).size().reindex(pairs).fillna(0)
    table["bought"] = pairs.isin(pd.MultiIndex.from_frame(future[["Customer No", "Category"]]))
    return table


def test_category_frequency_predicts_the_next_month(sales: pd.DataFrame) -> None:
    """Days a category was bought on in 90 days rank who buys it in the next 30: over all and within categories."""
    table = category_history(sales, END - timedelta(days=30))
    assert area_under_curve(table["frequency"], table["bought"]) > 0.65
    within = [
        area_under_curve(t["frequency"], t["bought"]) for _, t in table.groupby(level=1) if t["bought"].sum() >= 15
    ]
    assert len(within) > 15
    assert np.mean(within) > 0.65


def test_a_household_buys_again_when_the_last_purchase_has_run_out(sales: pd.DataFrame) -> None:
    """Paper towels last a month: a shopper who bought them a week ago takes fewer than one who did two months ago."""
    paper = sales[sales["Category"].isin(["Paper Towels", "Toilet Paper", "Laundry Detergent"])]
    paper = paper[paper["Customer No"] != ""].sort_values("day")
    trips = sales[sales["Customer No"] != ""].drop_duplicates(["Customer No", "day"])[["Customer No", "day"]]
    bought: dict[str, list[tuple[int, bool]]] = {"soon": [], "late": []}
    days = paper.groupby(["Customer No", "Category"])["day"].apply(lambda found: sorted(set(found)))
    by_customer = trips.groupby("Customer No")["day"].apply(lambda found: sorted(set(found)))
    for (customer, _), purchases in days.items():
        for visit in by_customer[customer]:
            earlier = [day for day in purchases if day < visit]
            if earlier:
                gap = (visit - earlier[-1]).days
                group = "soon" if gap <= 10 else "late" if gap >= 40 else ""
                if group:
                    bought[group].append((gap, visit in purchases))
    soon, late = (np.mean([again for _, again in bought[group]]) for group in ("soon", "late"))
    assert late > 2 * soon


def test_weekends_are_busier(sales: pd.DataFrame) -> None:
    """Saturday sells most, Tuesday least, and Saturday at least 1.4 times Tuesday."""
    by_weekday = sales.groupby(sales["day"].dt.dayofweek).size()
    assert by_weekday.idxmax() == 5
    assert by_weekday[5] > 1.4 * by_weekday[1]


def test_seasons_move_their_categories(sales: pd.DataFrame) -> None:
    """Ice cream is a summer category, canned soup a winter one, by share of the month's lines."""
    month = sales["day"].dt.month
    share = sales.groupby([month, "Category"]).size() / sales.groupby(month).size()
    assert share[7]["Ice Cream"] > 1.5 * share[1]["Ice Cream"]
    assert share[1]["Canned Soup"] > 1.5 * share[7]["Canned Soup"]


def test_stores_are_closed_on_christmas_and_full_before_thanksgiving(sales: pd.DataFrame) -> None:
    """No sale on 25 December; the week before Thanksgiving is busier than a usual one."""
    by_day = sales.groupby(sales["day"].dt.date).size()
    assert date(2025, 12, 25) not in by_day
    before = by_day[date(2025, 11, 20) : date(2025, 11, 26)].sum()
    assert before > 1.15 * by_day[date(2025, 10, 9) : date(2025, 10, 15)].sum()


def test_all_four_discounts_are_given_and_lines_add_up(sales: pd.DataFrame) -> None:
    """Each kind of discount occurs on its share of lines; the retailer matches manufacturers' coupons only."""
    shares = (sales[DISCOUNTS] > 0).mean()
    low = {"Loyalty Savings": 0.1, "Campaign Coupon": 0.003, "Mfr Coupon": 0.003, "Mfr Coupon Match": 0.001}
    high = {"Loyalty Savings": 0.4, "Campaign Coupon": 0.1, "Mfr Coupon": 0.1, "Mfr Coupon Match": 0.05}
    assert all(low[kind] < shares[kind] < high[kind] for kind in DISCOUNTS)
    assert (sales.loc[sales["Mfr Coupon Match"] > 0, "Mfr Coupon"] > 0).all()
    assert (sales["Net Amount"] >= 0).all()


def test_a_promotion_sells_more(sales: pd.DataFrame) -> None:
    """A product sells more units in weeks with a loyalty price than in other weeks."""
    week = sales["day"].dt.to_period("W")
    units = sales.groupby(["Item Code", week]).agg(units=("Qty", "sum"), saved=("Loyalty Savings", "sum"))
    promoted = units[units["saved"] > 0]["units"].sum() / len(units[units["saved"] > 0])
    assert promoted > 1.15 * units[units["saved"] == 0]["units"].mean()


def test_returns_are_negative_and_follow_their_sale(lines: pd.DataFrame, sales: pd.DataFrame) -> None:
    """A return has its sale's order and product, a line of its own, a later day and the sale's amounts, negative."""
    returns = lines[lines["Type"] == "RETURN"].copy()
    assert 0.004 < len(returns) / len(sales) < 0.03
    assert (returns["Status"] == "Returned").all() and not (sales["Status"] == "Returned").any()
    returns["Line"] = returns["Line"].str.removesuffix("R")
    both = returns.merge(sales, on=["Order No", "Line", "Item Code"], suffixes=("", " sold"))
    assert len(both) > 0.97 * len(returns)  # the sale itself may be one of the bad rows
    assert (both["day"] > both["day sold"]).all()
    assert all(np.allclose(both[name], -both[f"{name} sold"]) for name in [*AMOUNTS, "Qty"])


def test_every_status_occurs_in_its_share(lines: pd.DataFrame) -> None:
    """Most lines are paid at a till, some shipped, few returned, fewer cancelled."""
    shares = lines["Status"].value_counts(normalize=True)
    assert list(shares.index) == ["Paid", "Shipped", "Returned", "Cancelled"]


def test_nobody_can_be_called_or_written_to(customers: pd.DataFrame) -> None:
    """E-mails are on reserved domains, telephone numbers are 555-0100 to 555-0199."""
    assert customers["E-Mail"].str.fullmatch(r"[a-z0-9.]+@example\.(com|org|net)").all()
    assert customers["Phone"].map(lambda text: bool(re.fullmatch(r"\([2-9]\d\d\) 555-01\d\d", text))).all()


def test_addresses_hold_together(customers: pd.DataFrame) -> None:
    """ZIP, city, state and area code are one place's."""
    known = {(place.postal_code, place.city, place.state, place.area_code) for place in ZIP_CODES}
    found = zip(customers["ZIP"], customers["City"], customers["State"], customers["Phone"].str[1:4], strict=True)
    assert set(found) <= known


def test_customers_join_fade_and_change(delivery: Delivery, customers: pd.DataFrame, sales: pd.DataFrame) -> None:
    """Some join during the time, some stop shopping, some are delivered again with another address."""
    joined = pd.to_datetime(customers["Customer Since"], format="%m/%d/%Y")
    start = pd.Timestamp(delivery.manifest.start)
    assert 0.1 < (customers[joined >= start]["Customer No"].nunique() / customers["Customer No"].nunique()) < 0.4
    versions = customers.groupby("Customer No")[["Street", "E-Mail"]].nunique().max(axis=1)
    assert (versions > 1).sum() > 20
    last = sales[sales["Customer No"] != ""].groupby("Customer No")["day"].max()
    assert 0.05 < (last < pd.Timestamp(END) - timedelta(days=120)).mean() < 0.5


def test_nobody_shops_before_joining(customers: pd.DataFrame, sales: pd.DataFrame) -> None:
    """A card is used from the day its holder joined."""
    joined = pd.to_datetime(customers.groupby("Customer No")["Customer Since"].first(), format="%m/%d/%Y")
    first = sales[sales["Customer No"] != ""].groupby("Customer No")["day"].min()
    both = pd.concat([joined.rename("joined"), first.rename("first")], axis=1, join="inner")
    assert len(both) > 500
    assert (both["first"] >= both["joined"]).all()


def test_redemptions_are_of_mailed_coupons_within_their_campaign(delivery: Delivery, sales: pd.DataFrame) -> None:
    """Who redeems received the campaign, redeems a coupon once, while it runs; a line of the day has the saving."""
    redeemed = pd.DataFrame(good_rows(delivery.folder, "redemptions")).drop_duplicates()
    members = {(row["campaign"], row["customer_no"]) for row in good_rows(delivery.folder, "campaign_members")}
    runs = {row["campaign"]: (row["first_day"], row["last_day"]) for row in good_rows(delivery.folder, "campaigns")}
    coupons = {(row["coupon_upc"], row["campaign"]) for row in good_rows(delivery.folder, "coupons")}
    saved = sales[sales["Campaign Coupon"] > 0]
    days = set(zip(saved["Customer No"], saved["day"].dt.strftime("%Y-%m-%d"), strict=True))
    assert len(redeemed) > 100
    assert not redeemed.duplicated(["Customer No", "Coupon UPC"]).any()
    outside = [row for row in redeemed.itertuples(index=False) if (row[2], row[0]) not in members]
    assert len(outside) < 0.02 * len(redeemed)  # the membership itself may be one of the bad rows
    assert all((row[1], row[2]) in coupons for row in redeemed.itertuples(index=False))
    assert all(runs[row[2]][0] <= row[3] <= runs[row[2]][1] for row in redeemed.itertuples(index=False))
    without = [row for row in redeemed.itertuples(index=False) if (row[0], row[3]) not in days]
    assert len(without) < 0.02 * len(redeemed)


def test_prices_change_and_cover_costs(delivery: Delivery) -> None:
    """Price lists differ, products enter later, nothing is sold below cost, the tree is wide."""
    frame = pd.DataFrame(good_rows(delivery.folder, "products")).astype({"Retail Price": float, "Unit Cost": float})
    assert (frame["Retail Price"] > frame["Unit Cost"]).all()
    assert frame.groupby("Item Code")["Retail Price"].nunique().max() >= 2
    assert 800 <= frame["Item Code"].nunique() <= 1200
    assert frame["Department"].nunique() == 12 and 40 <= frame["Category"].nunique() <= 50
    assert (frame.groupby("Category")["Department"].nunique() == 1).all()


def test_views_come_before_purchases(delivery: Delivery, sales: pd.DataFrame) -> None:
    """App users view most, fill carts, and buy what they put in; a purchase in the app is a sale."""
    events = pd.DataFrame(good_rows(delivery.folder, "events")).drop_duplicates("event")
    counts = events["action"].value_counts()
    assert counts["view"] > counts["cart"] >= counts["purchase"] > 0
    bought = events[events["action"] == "purchase"]
    local = pd.to_datetime(bought["at"], utc=True).dt.tz_convert("America/New_York").dt.strftime("%m/%d/%Y")
    sold = set(zip(sales["Customer No"], sales["Item Code"], sales["Business Date"], strict=True))
    matched = [pair in sold for pair in zip(bought["customer"], bought["item"], local, strict=True)]
    assert np.mean(matched) > 0.98


def test_ratings_differ_by_product(delivery: Delivery) -> None:
    """Ratings use the whole scale and lean to the good, as people's do."""
    stars = pd.DataFrame(good_rows(delivery.folder, "reviews"))["stars"].astype(int)
    assert set(stars) == {1, 2, 3, 4, 5}
    assert 3.4 < stars.mean() < 4.5
