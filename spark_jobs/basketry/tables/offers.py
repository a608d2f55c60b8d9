"""Tables of the offers: events as delivered, decisions, responses, how they perform, and where the stream stands."""

from __future__ import annotations

from basketry.tables.declare import MONEY, Column, Table, required

_CUSTOMER = required("customer_id", "string", "shopper")
_DATE = required("event_date", "date", "local business day")
_BATCH = required("batch", "string", "micro-batch that wrote it: checkpoint and number")
_AUDIENCE = required("audience", "string", "treatment: chosen by the policy; control: the popular offer")

OFFER_EVENTS = Table(
    "bronze",
    "offer_events",
    "an event of the offers' stream as delivered; what could not be used is in ops.quarantine",
    (
        required("event_id", "string", "event"),
        _DATE,
        required("event_type", "string", "view, cart, purchase, offer_click or offer_purchase"),
        required("occurred_at", "timestamp", "when (UTC)"),
        _CUSTOMER,
        required(
            "fate", "string", "good; late: nothing was decided; repeated: a response that counts once and did already"
        ),
        required("content", "string", "the message as delivered, with fields that nobody knows yet"),
        required("origin", "string", "file, or topic and partition"),
        required("row_number", "bigint", "message of the file from 1, or offset"),
        required("delivered_at", "timestamp", "when the file or message was delivered"),
        _BATCH,
    ),
    ("event_id",),
    partitioned_by=("event_date",),
)

CANDIDATES = "array<struct<product_id:string,category:string,probability:double,features:array<double>>>"

OFFER_DECISIONS = Table(
    "gold",
    "offer_decisions",
    "what was decided for a slot of an event, from what, why, and with which probability; the first slot also when it is nothing",
    (
        required("decision_id", "string", "the event that asked"),
        required("slot", "int", "place of the offer, from 1; a response names it as decision_id/slot"),
        required("decided_at", "timestamp", "time of the event (UTC)"),
        _DATE,
        _CUSTOMER,
        _AUDIENCE,
        Column("context_category", "string", "category that the shopper looked at"),
        Column("product_id", "string", "product offered; null where nothing was"),
        Column("category", "string", "its category"),
        Column("offer", "string", "offer of include/offers.yaml"),
        required("discount", "double", "its discount, a share of the price"),
        required("price", "double", "price before the discount; 0 where nothing was offered"),
        required("probability", "double", "with which exactly this was chosen, given the slots before"),
        required("expected_response", "double", "response rate that the policy expected of it"),
        required("reason", "string", "where the candidate came from, or why nothing is shown"),
        required("considered", "int", "candidates looked at"),
        required("excluded", "map<string,bigint>", "candidates that were not eligible, by reason"),
        Column("features", "array<double>", "what the policy saw of the chosen candidate"),
        required(
            "candidates",
            CANDIDATES,
            "eligible ones with probability and features; what is missing to 1 is showing nothing",
        ),
        required(
            "policy_version", "string", "version of the registered model offer_policy; prior: none was promoted yet"
        ),
        required("popular_from", "string", "redis; delta; degraded: redis was set but did not answer"),
        _BATCH,
    ),
    ("decision_id", "slot"),
    partitioned_by=("event_date",),
)

OFFER_RESPONSES = Table(
    "gold",
    "offer_responses",
    "what a shopper did with an offer; each kind of response counts once an offer",
    (
        required("offer_id", "string", "decision_id/slot"),
        required("response", "string", "click or purchase"),
        required("event_id", "string", "the event that says so"),
        required("responded_at", "timestamp", "when (UTC)"),
        _DATE,
        required("decided_at", "timestamp", "when the offer was decided"),
        _CUSTOMER,
        _AUDIENCE,
        required("product_id", "string", "product offered"),
        required("category", "string", "its category"),
        required("revenue", MONEY, "paid, for a purchase"),
        _BATCH,
    ),
    ("offer_id", "response"),
    partitioned_by=("event_date",),
)

_COUNTS = (
    required("shown", "bigint", "offers shown"),
    required("clicked", "bigint", "offers clicked"),
    required("bought", "bigint", "offers bought"),
    required("revenue", MONEY, "paid for them"),
)

OFFER_PERFORMANCE_MINUTE = Table(
    "gold",
    "offer_performance_minute",
    "what happened with offers of a category in a minute, each thing in the minute in which it happened",
    (
        _DATE,
        required("minute", "timestamp", "its begin (UTC)"),
        required("category", "string", "category"),
        *_COUNTS,
        Column("rate", "double", "clicked over shown; null where none was shown"),
    ),
    ("event_date", "minute", "category"),
    partitioned_by=("event_date",),
)

OFFER_WINDOWS = Table(
    "gold",
    "offer_windows",
    "what happened between a shopper and a product in the last minutes before the newest event",
    (
        required("window_minutes", "int", "length of the window: 1, 60 or 1440"),
        _CUSTOMER,
        required("product_id", "string", "product"),
        required("until", "timestamp", "the newest event time; it is the window's last moment"),
        *_COUNTS,
    ),
    ("window_minutes", "customer_id", "product_id"),
)

OFFER_TRAINING = Table(
    "gold",
    "offer_training",
    "a first slot with what came of it; rows are appended hour by hour, when responses have had their time, and never changed",
    (
        *(
            OFFER_DECISIONS.column(name)
            for name in (
                "decision_id",
                "decided_at",
                "event_date",
                "customer_id",
                "audience",
                "product_id",
                "category",
                "probability",
                "features",
                "candidates",
                "policy_version",
            )
        ),
        required("clicked", "int", "1 when a click came in time"),
        required("bought", "int", "1 when a purchase came in time"),
        required("revenue", MONEY, "paid"),
    ),
    ("decision_id",),
    partitioned_by=("event_date",),
)

OFFER_BATCHES = Table(
    "ops",
    "offer_batches",
    "a micro-batch: records = good + late + repeated + duplicates + quarantined",
    (
        _BATCH,
        required("records", "bigint", "messages read"),
        required("good", "bigint", "used"),
        required("late", "bigint", "too far behind the newest event to decide on"),
        required("repeated", "bigint", "responses beyond the first of their kind"),
        required("duplicates", "bigint", "delivered before"),
        required("quarantined", "bigint", "set aside"),
        required("decided", "bigint", "events decided"),
        required("shown", "bigint", "offers shown"),
        required("responses", "bigint", "responses that count"),
        required("unknown_shoppers", "bigint", "events decided for shoppers whom silver.customers does not know"),
        required("degraded", "bigint", "events decided while redis did not answer"),
        required("newest", "timestamp", "newest event time so far"),
        required("policy_version", "string", "version that decided"),
    ),
    ("batch",),
)

OFFER_STATE = Table(
    "ops",
    "offer_state",
    "where the stream stands; one row, replaced by every micro-batch",
    (
        required("checkpoint", "string", "checkpoint of the stream"),
        required("number", "bigint", "last micro-batch that is wholly done"),
        required(
            "content", "binary", "caps, interests and the posterior, as basketry.domains.offers.memory writes them"
        ),
    ),
    ("checkpoint",),
)

OFFER_RECOMMENDATIONS = Table(
    "gold",
    "offer_recommendations",
    "a product recommended to a shopper",
    (
        required("customer_id", "string", "shopper"),
        required("rank", "int", "1 is best"),
        required("product_id", "string", "product"),
        required("score", "double", "from 1 (best) down to 0"),
        required("as_of", "date", "last day looked at"),
        required("model_version", "string", "version of the registered model recommendations"),
    ),
    ("customer_id", "rank"),
)

OFFER_POPULAR = Table(
    "gold",
    "offer_popular",
    "a product that is popular beside a category, or in the whole shop",
    (
        required("context", "string", "category; '' for the whole shop"),
        required("rank", "int", "1 is most popular"),
        required("product_id", "string", "product"),
        required("orders", "bigint", "orders that hold it"),
        required("as_of", "date", "last day looked at"),
    ),
    ("context", "rank"),
)

OFFERS: tuple[Table, ...] = (
    OFFER_EVENTS,
    OFFER_DECISIONS,
    OFFER_RESPONSES,
    OFFER_PERFORMANCE_MINUTE,
    OFFER_WINDOWS,
    OFFER_TRAINING,
    OFFER_BATCHES,
    OFFER_STATE,
    OFFER_RECOMMENDATIONS,
    OFFER_POPULAR,
)
