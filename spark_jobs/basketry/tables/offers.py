"""Tables of the offers: events as delivered, decisions, responses, how they perform, and where the stream stands."""

from __future__ import annotations

from basketry.tables.declare import MONEY, Table, optional, required

_CUSTOMER = required("customer_id", "string", "the shopper")
_DATE = required("event_date", "date", "the local business day")
_BATCH = required("batch", "string", "the micro-batch that wrote it: checkpoint and number")
_AUDIENCE = required("audience", "string", "treatment: chosen by the policy; control: the popular offer")

OFFER_EVENTS = Table(
    schema="bronze",
    name="offer_events",
    meaning="an event of the offers' stream as delivered; what could not be used is in ops.quarantine",
    columns=(
        required("event_id", "string", "the event"),
        _DATE,
        required("event_type", "string", "view, cart, purchase, offer_click or offer_purchase"),
        required("occurred_at", "timestamp", "when it happened (UTC)"),
        _CUSTOMER,
        required(
            "fate",
            "string",
            "good; late: nothing was decided; repeated: a response that counts once and has counted already",
        ),
        required("content", "string", "the message as delivered, with fields that nobody knows yet", pii=True),
        required("origin", "string", "the file, or the topic and partition"),
        required("row_number", "bigint", "the number of the message in the file, from 1, or the offset"),
        required("delivered_at", "timestamp", "when the file or message was delivered"),
        _BATCH,
    ),
    key=("event_id",),
    partitioned_by=("event_date",),
)

CANDIDATES = "array<struct<product_id:string,category:string,probability:double,features:array<double>>>"

OFFER_DECISIONS = Table(
    schema="gold",
    name="offer_decisions",
    meaning="what was decided for a slot of an event, from what, why and with which probability; the first slot even if empty",
    columns=(
        required("decision_id", "string", "the event that asked"),
        required("slot", "int", "the slot of the offer, from 1; a response names it as decision_id/slot"),
        required("decided_at", "timestamp", "the time of the event (UTC)"),
        _DATE,
        _CUSTOMER,
        _AUDIENCE,
        optional("context_category", "string", "the category that the shopper looked at"),
        optional("product_id", "string", "the product offered; null if nothing was"),
        optional("category", "string", "its category"),
        optional("offer", "string", "the offer, as include/offers.yaml names it"),
        required("discount", "double", "its discount, a share of the price"),
        required("price", "double", "the price before the discount; 0 if nothing was offered"),
        required("probability", "double", "the probability with which exactly this was chosen, given the slots before"),
        required("expected_response", "double", "the response rate that the policy expected of it"),
        required("reason", "string", "where the candidate came from, or why nothing is shown"),
        required("considered", "int", "the number of candidates looked at"),
        required("excluded", "map<string,bigint>", "the number of candidates that were not eligible, by reason"),
        optional("features", "array<double>", "the features of the chosen candidate that the policy saw"),
        required(
            "candidates",
            CANDIDATES,
            "the eligible candidates with probability and features; what is missing to 1 is the probability of showing nothing",
        ),
        required(
            "policy_version", "string", "the version of the registered model offer_policy; prior: none was promoted yet"
        ),
        required("popular_from", "string", "redis; delta; degraded: redis was set but did not answer"),
        _BATCH,
    ),
    key=("decision_id", "slot"),
    partitioned_by=("event_date",),
)

OFFER_RESPONSES = Table(
    schema="gold",
    name="offer_responses",
    meaning="what a shopper did with an offer; each kind of response counts once per offer",
    columns=(
        required("offer_id", "string", "decision_id/slot"),
        required("response", "string", "click or purchase"),
        required("event_id", "string", "the event that says so"),
        required("responded_at", "timestamp", "when it happened (UTC)"),
        _DATE,
        required("decided_at", "timestamp", "when the offer was decided"),
        _CUSTOMER,
        _AUDIENCE,
        required("product_id", "string", "the product offered"),
        required("category", "string", "its category"),
        required("revenue", MONEY, "what was paid, for a purchase"),
        _BATCH,
    ),
    key=("offer_id", "response"),
    partitioned_by=("event_date",),
)

_COUNTS = (
    required("shown", "bigint", "the number of offers shown"),
    required("clicked", "bigint", "the number of offers clicked"),
    required("bought", "bigint", "the number of offers bought"),
    required("revenue", MONEY, "what was paid for them"),
)

OFFER_PERFORMANCE_MINUTE = Table(
    schema="gold",
    name="offer_performance_minute",
    meaning="what happened with the offers of a category in a minute, each event in the minute in which it happened",
    columns=(
        _DATE,
        required("minute", "timestamp", "the beginning of the minute (UTC)"),
        required("category", "string", "the category"),
        *_COUNTS,
        optional("rate", "double", "the offers clicked over the offers shown; null if none was shown"),
    ),
    key=("event_date", "minute", "category"),
    partitioned_by=("event_date",),
)

OFFER_WINDOWS = Table(
    schema="gold",
    name="offer_windows",
    meaning="what happened between a shopper and a product in the last minutes before the newest event",
    columns=(
        required("window_minutes", "int", "the length of the window: 1, 60 or 1440"),
        _CUSTOMER,
        required("product_id", "string", "the product"),
        required("until", "timestamp", "the newest event time, which is the last moment of the window"),
        *_COUNTS,
    ),
    key=("window_minutes", "customer_id", "product_id"),
)

OFFER_TRAINING = Table(
    schema="gold",
    name="offer_training",
    meaning="a first slot with its outcome; rows are appended hour by hour, when responses have had their time, and never changed",
    columns=(
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
        required("clicked", "int", "1 if a click came in time"),
        required("bought", "int", "1 if a purchase came in time"),
        required("revenue", MONEY, "what was paid"),
    ),
    key=("decision_id",),
    partitioned_by=("event_date",),
)

OFFER_BATCHES = Table(
    schema="ops",
    name="offer_batches",
    meaning="a micro-batch: records = good + late + repeated + duplicates + quarantined",
    columns=(
        _BATCH,
        required("records", "bigint", "the number of messages read"),
        required("good", "bigint", "the number of messages used"),
        required("late", "bigint", "the number of messages too far behind the newest event to decide on"),
        required("repeated", "bigint", "the number of responses beyond the first of their kind"),
        required("duplicates", "bigint", "the number of messages delivered before"),
        required("quarantined", "bigint", "the number of messages set aside"),
        required("decided", "bigint", "the number of events decided"),
        required("shown", "bigint", "the number of offers shown"),
        required("responses", "bigint", "the number of responses that count"),
        required(
            "unknown_shoppers",
            "bigint",
            "the number of events decided for shoppers whom silver.customers does not know",
        ),
        required("degraded", "bigint", "the number of events decided while redis did not answer"),
        required("newest", "timestamp", "the newest event time so far"),
        required("policy_version", "string", "the version that decided"),
        optional("days", "array<date>", "the local business days of the messages used; null in rows of release 0.1.0"),
    ),
    key=("batch",),
)

OFFER_STATE = Table(
    schema="ops",
    name="offer_state",
    meaning="how far the stream has come; there is one row, replaced by every micro-batch",
    columns=(
        required("checkpoint", "string", "the checkpoint of the stream"),
        required("number", "bigint", "the last micro-batch that is completely done"),
        required(
            "content", "binary", "the caps, interests and the posterior, as basketry.domains.offers.memory writes them"
        ),
    ),
    key=("checkpoint",),
)

OFFER_RECOMMENDATIONS = Table(
    schema="gold",
    name="offer_recommendations",
    meaning="a product recommended to a shopper",
    columns=(
        required("customer_id", "string", "the shopper"),
        required("rank", "int", "the rank: 1 is the best"),
        required("product_id", "string", "the product"),
        required("score", "double", "the score, from 1 (best) down to 0"),
        required("as_of", "date", "the last day looked at"),
        required("model_version", "string", "the version of the registered model recommendations"),
    ),
    key=("customer_id", "rank"),
)

OFFER_POPULAR = Table(
    schema="gold",
    name="offer_popular",
    meaning="a product that is popular beside a category, or in the whole shop",
    columns=(
        required("context", "string", "the category; '' for the whole shop"),
        required("rank", "int", "the rank: 1 is the most popular"),
        required("product_id", "string", "the product"),
        required("orders", "bigint", "the number of orders that contain it"),
        required("as_of", "date", "the last day looked at"),
    ),
    key=("context", "rank"),
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
