"""The files of the demo retailer: each feed's columns, format and rhythm, and how rows become text in it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from tools.demo.assortment import CATEGORIES, SUPPLIERS
from tools.demo.customers import Customers
from tools.demo.follow_ups import AppEvent, Review
from tools.demo.places import FIRST_NAMES, LAST_NAMES, MAIL_DOMAINS, STREETS, ZIP_CODES
from tools.demo.products import Products
from tools.demo.promotions import Campaign
from tools.demo.shopping import OrderLines, Redemption

Row = list[object]
HEAD_OFFICE = ZoneInfo("America/New_York")


@dataclass(frozen=True, kw_only=True)
class Feed:
    """One kind of file.

    Attributes:
        name: Its name.
        suffix: Suffix of its files.
        weeks: How many weeks one file covers.
        columns: Headers, or keys of JSON Lines.
        delimiter: Between fields of CSV.
        encoding: Of texts.
        line_end: Of lines.
    """

    name: str
    suffix: str
    weeks: int
    columns: tuple[str, ...]
    delimiter: str = ","
    encoding: str = "utf-8"
    line_end: str = "\n"

    def file_name(self, day: date) -> str:
        """Return the name of the file whose contents are of a day, or end with it."""
        return f"{self.name}_{day}.{self.suffix}"


_CUSTOMER_HEADER = (
    "Customer No,First Name,Last Name,E-Mail,Phone,Street,City,State,ZIP,"
    "Customer Since,Age,Marital Status,Income,Home,Household,Household Size,Children"
)
CUSTOMERS = Feed(
    name="customers",
    suffix="csv",
    weeks=24,
    columns=tuple(_CUSTOMER_HEADER.split(",")),
    encoding="latin-1",
    line_end="\r\n",
)
PRODUCTS = Feed(
    name="products",
    suffix="xlsx",
    weeks=24,
    columns=(
        "Item Code",
        "Item Name",
        "Brand",
        "Supplier",
        "Department",
        "Category",
        "Sub-Category",
        "Pack Size",
        "Retail Price",
        "Unit Cost",
        "On Hand",
    ),
)
_ORDER_LINE_HEADER = (
    "Order No,Line,Type,Status,Order Time,Business Date,Customer No,Store,Item Code,"
    "Qty,List Amount,Loyalty Savings,Campaign Coupon,Mfr Coupon,Mfr Coupon Match,Net Amount,Till"
)
ORDER_LINES = Feed(name="order_lines", suffix="csv.gz", weeks=4, columns=tuple(_ORDER_LINE_HEADER.split(",")))
CAMPAIGNS = Feed(
    name="campaigns", suffix="csv", weeks=48, columns=("campaign", "type", "first_day", "last_day"), delimiter=";"
)
CAMPAIGN_MEMBERS = Feed(
    name="campaign_members", suffix="csv.gz", weeks=48, columns=("campaign", "customer_no"), delimiter=";"
)
COUPONS = Feed(name="coupons", suffix="csv", weeks=48, columns=("coupon_upc", "campaign", "item_code"), delimiter="|")
REDEMPTIONS = Feed(
    name="redemptions", suffix="xlsx", weeks=48, columns=("Customer No", "Coupon UPC", "Campaign", "Redeemed On")
)
REVIEWS = Feed(name="reviews", suffix="jsonl", weeks=48, columns=("review", "item", "customer", "stars", "written_on"))
EVENTS = Feed(
    name="events", suffix="jsonl.gz", weeks=48, columns=("event", "at", "action", "customer", "visit", "item", "price")
)
OPT_OUTS = Feed(name="opt_outs", suffix="csv", weeks=104, columns=("customer_no", "channel", "opted_out_on"))

FEEDS = (CUSTOMERS, PRODUCTS, ORDER_LINES, CAMPAIGNS, CAMPAIGN_MEMBERS, COUPONS, REDEMPTIONS, REVIEWS, EVENTS, OPT_OUTS)

AGES = ("19-24", "25-34", "35-44", "45-54", "55-64", "65+")
INCOMES = ("Under 25K", "25-49K", "50-74K", "75-99K", "100-149K", "150-199K", "200K+")
STATUSES = ("Paid", "Shipped", "Cancelled", "Returned")


@cache
def money(cents: int) -> str:
    """Return dollars with two decimals."""
    return f"{cents / 100:.2f}"


def us_date(day: date) -> str:
    """Return month/day/year."""
    return f"{day:%m/%d/%Y}"


@cache
def _clock(second: int) -> str:
    return f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"


def order_line_rows(
    day: date, lines: OrderLines, customers: Customers, products: Products, kind: str = "SALE"
) -> list[Row]:
    """Make rows of order_lines for the sales or returns of a day; a return's line is its sale's with an R."""
    stores = [ZIP_CODES[position].store_id for position in customers.place[lines.who].tolist()]
    card_numbers = [
        str(number) if card else ""
        for number, card in zip(customers.number[lines.who].tolist(), lines.card.tolist(), strict=True)
    ]
    amounts = (lines.list_amount, lines.instore, lines.campaign, lines.manufacturer, lines.match, lines.net)
    texts = ([money(cents) for cents in column.tolist()] for column in amounts)
    today, mark = us_date(day), "R" if kind == "RETURN" else ""
    columns = zip(
        lines.order.tolist(),
        lines.line.tolist(),
        lines.status.tolist(),
        lines.second.tolist(),
        card_numbers,
        stores,
        lines.product.tolist(),
        lines.quantity.tolist(),
        *texts,
        strict=True,
    )
    return [
        [
            str(order),
            f"{line}{mark}",
            kind,
            STATUSES[status],
            f"{today} {_clock(second)}",
            today,
            customer,
            store,
            products.item_codes[product],
            str(quantity),
            *paid,
            f"T{1 + order % 9}",
        ]
        for order, line, status, second, customer, store, product, quantity, *paid in columns
    ]


def _plain(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return "".join(letter for letter in letters.lower() if letter.isalnum())


def customer_row(customers: Customers, who: int) -> Row:
    """Make the row of a customer as they are now."""
    first, last = FIRST_NAMES[customers.first_name[who]], LAST_NAMES[customers.last_name[who]]
    zip_code, number, mail = ZIP_CODES[customers.place[who]], int(customers.number[who]), int(customers.mail[who])
    renewed = mail // len(MAIL_DOMAINS)
    address = f"{_plain(first)}.{_plain(last)}{number % 10000}{'.' + str(renewed) if renewed else ''}"
    adults, children = int(customers.adults[who]), int(customers.children[who])
    size = adults + children
    return [
        str(number),
        first,
        last,
        f"{address}@{MAIL_DOMAINS[mail % len(MAIL_DOMAINS)]}",
        f"({zip_code.area_code}) 555-01{customers.phone[who]:02d}",
        f"{customers.house[who]} {STREETS[customers.street[who]]}",
        zip_code.city,
        zip_code.state,
        zip_code.postal_code,
        us_date(date.fromordinal(int(customers.joined[who]))),
        AGES[customers.age[who]],
        "MSU"[customers.marital[who]],
        INCOMES[customers.income[who]],
        "ORU"[customers.owner[who]],
        f"{adults} Adult{'s' if adults > 1 else ''}{' Kids' if children else ''}",
        f"{size}" if size < 5 else "5+",
        "None" if not children else ("1", "2", "3+")[children - 1],
    ]


def product_rows(products: Products, price_list: int, on_hand: list[int]) -> Iterator[Row]:
    """Yield the price list: every product sold in it, amounts as numbers of a workbook."""
    prices, costs = products.prices(price_list).tolist(), products.costs(price_list).tolist()
    for n, code in enumerate(products.item_codes):
        if products.first_list[n] <= price_list:
            category = CATEGORIES[products.category[n]]
            yield [
                code,
                products.names[n],
                products.brands[n],
                SUPPLIERS[products.brands[n]],
                category.department,
                category.name,
                products.subcategories[n],
                products.packs[n],
                prices[n] / 100,
                costs[n] / 100,
                on_hand[n],
            ]


def campaign_rows(campaign: Campaign) -> list[Row]:
    """Make the row of a campaign and its days."""
    return [[campaign.code, campaign.kind, campaign.start.isoformat(), campaign.end.isoformat()]]


def member_rows(campaign: Campaign, customers: Customers) -> list[Row]:
    """Make a row for everybody who received a campaign."""
    return [[campaign.code, str(number)] for number in customers.number[campaign.members].tolist()]


def coupon_rows(campaign: Campaign, products: Products) -> list[Row]:
    """Make a row for each product that a coupon of a campaign is good for."""
    pairs = [(campaign.coupons[coupon], n) for n, coupon in enumerate(campaign.coupon_of.tolist()) if coupon >= 0]
    return [[coupon, campaign.code, products.item_codes[n]] for coupon, n in sorted(pairs)]


def redemption_rows(day: date, redemptions: list[Redemption], customers: Customers) -> list[Row]:
    """Make rows of the coupons redeemed on a day; numbers and dates as a workbook has them."""
    return [[int(customers.number[item.who]), item.coupon, item.campaign, day] for item in redemptions]


def opt_out_rows(day: date, withdrawals: list[tuple[int, str]], customers: Customers) -> list[Row]:
    """Make a row for everybody who withdrew consent to a channel on a day."""
    return [[str(customers.number[who]), channel, day.isoformat()] for who, channel in withdrawals]


def midnight(day: date) -> datetime:
    """Return the instant that all seconds of a day in New York count from: clocks change before any store opens."""
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=HEAD_OFFICE)
    return noon.astimezone(UTC) - timedelta(hours=12)


def instant(begins: datetime, second: int) -> str:
    """Return the ISO 8601 text of the instant that many seconds later."""
    return f"{(begins + timedelta(seconds=second)).isoformat()[:19]}Z"


def review_rows(day: date, reviews: list[Review], customers: Customers, products: Products) -> list[Row]:
    """Make rows of the reviews written on a day."""
    return [
        [
            f"RV{day:%y%m%d}{n:05d}",
            products.item_codes[review.product],
            str(customers.number[review.who]),
            review.rating,
            day.isoformat(),
        ]
        for n, review in enumerate(reviews, start=1)
    ]


def event_rows(day: date, events: list[AppEvent], customers: Customers, products: Products) -> list[Row]:
    """Make rows of the app's events of a day; the time is an instant in UTC."""
    begins, mark = midnight(day), f"{day:%y%m%d}"
    return [
        [
            f"{mark}-{event.number:06d}",
            instant(begins, event.second),
            event.kind,
            str(customers.number[event.who]),
            f"{mark}-{event.visit:06d}",
            products.item_codes[event.product],
            event.price / 100,
        ]
        for event in events
    ]
