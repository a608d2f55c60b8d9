"""What the app says of somebody forgotten beside the declared fields is not stored again."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa

from basketry.access.identities import DeliveredPerson
from basketry.domains.offers.forgotten import ForgottenShoppers
from basketry.lake.lakehouse import Lakehouse
from basketry.retail.suppression import new_digester
from basketry.tables import FORGOTTEN

MESSAGES = (
    ("77", '{"event":"e1","customer":"77","nick":"zeb"}'),
    ("78", '{"event":"e2","customer":"78"}'),
    (None, '{"event":"e3","customer":"77","price":'),
    ("78", '{"event":"e4","customer":"78","mail":"ZQ77@example.com"}'),
)


def test_their_content_is_emptied_from_the_next_batch_on(lake: Lakehouse) -> None:
    """By number, in a message that nobody can read, and by a mailbox; a running stream learns of them by itself."""
    columns = {"customer_id": [number for number, _ in MESSAGES], "content": [content for _, content in MESSAGES]}
    messages, shoppers = pa.table(columns), ForgottenShoppers(lake)
    assert shoppers.without_content(messages) == messages
    digester, now = new_digester(lake), datetime(2026, 1, 1, tzinfo=UTC)
    mailbox = digester.likely(DeliveredPerson(texts=("zq77@example.com",)))
    row = (digester.of_customer("77"), "R-1", now, "dana", {}, {}, sorted(mailbox), [])
    lake.record(FORGOTTEN, [row], where="true")
    contents = shoppers.without_content(messages)["content"].to_pylist()
    assert contents == ["{}", MESSAGES[1][1], "{}", "{}"]
    assert shoppers.without_content(messages)["customer_id"].to_pylist() == columns["customer_id"]
