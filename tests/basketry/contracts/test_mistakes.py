"""Mistakes in a contract: each is one sentence that names file, line and fix."""

from __future__ import annotations

from pathlib import Path

from tests.kit.contracts import RATINGS
from tests.kit.mistakes import Mistake, mistakes


@mistakes(
    RATINGS,
    ("status: active", "statuss: active", "unknown key 'statuss' in a contract; did you mean 'status'?"),
    ("apiVersion: v3.2.0", "apiVersion: v3.1.0", "unknown apiVersion 'v3.1.0'; did you mean 'v3.2.0'?"),
    (
        "status: active",
        "status: =",
        "'=' cannot be read (could not determine a constructor for the tag 'tag:yaml.org,2002:value'); put it in quotes.",
    ),
    ("status: active", "status: activ", "unknown status 'activ'; did you mean 'active'?"),
    ("name: ratings\n", "name: rating\n", "name is 'rating', the file's place says 'ratings'…"),
    ("tenant: shop", "tenant: ship", "tenant is 'ship', the file's place says 'shop'…"),
    ("version: 1.2.3", "version: 1.2", "version is a number; make it text."),
    ("version: 1.2.3", "version: one", "version 'one' must be three numbers…"),
    (
        "    physicalType: file",
        "    physicaltype: file",
        "unknown key 'physicaltype' in a schema object; did you mean 'physicalType'?",
    ),
    ("  - name: delivered", "  - name: deliverd", "…did you mean 'delivered'?"),
    ("  - name: reviews", "  - name: revews", "unknown entity 'revews'; did you mean 'reviews'?"),
    (
        "property: delimiter",
        "property: delimeter",
        "unknown custom property 'delimeter' of delivered; did you mean 'delimiter'?",
    ),
    ("property: delimiter", "property: format", "…'format' of delivered is written twice…"),
    ('value: ";"', 'value: ";;"', "delimiter ';;' must be one character…"),
    (
        'property: delimiter, value: ";"',
        "property: decimalSign, value: '.'}\n      - {property: thousandsSign, value: '.'",
        "17: decimalSign and thousandsSign are both '.'…",
    ),
    ("property: format, value: csv", "property: format, value: cvs", "unknown format 'cvs'; did you mean 'csv'?"),
    (
        'property: delimiter, value: ";"',
        "property: encoding, value: utf8-8",
        "unknown encoding 'utf8-8'; did you mean 'utf-8'?",
    ),
    ('property: delimiter, value: ";"', "property: sheet, value: A", "sheet has no meaning for format csv…"),
    ("value: 0.1}", "value: 10}", "maxRejectedShare is 10.0; write a share from 0 to 1."),
    ('property: delimiter, value: ";"', "property: unknownColumns, value: resque", "…did you mean 'rescue'?"),
    ("ratings_*.csv", "../ratings_*.csv", "file pattern '../ratings_*.csv' names a folder…"),
    ('value: ["ratings_*.csv"]', "value: []", "filePatterns is an empty list…"),
    ("'_(\\d{4}-\\d{2}-\\d{2})'", "'_(\\d{4}-\\d{2}'", "…is not a regular expression…"),
    ("'_(\\d{4}-\\d{2}-\\d{2})'", "'_\\d{4}-\\d{2}-\\d{2}'", "…has 0 groups in parentheses, 1 needed…"),
    ("fromFileName:", "fromFilename:", "unknown key 'fromFilename' in deliveredAt; did you mean 'fromFileName'?"),
    ("format: yyyy-MM-dd}}", "format: YYYY-MM-dd}}", "…has the unknown letter 'Y'; did you mean yyyy?"),
    ('format: "M/d/yyyy H:mm"', 'format: "mm/d/yyyy"', "…has no a month (mm are minutes); add a month (MM)."),
    (
        'property: delimiter, value: ";"',
        "property: timeZone, value: America/NewYork",
        "unknown timeZone 'America/NewYork'; did you mean 'America/New_York'?",
    ),
    (
        "logicalType: integer, required: true",
        "logicalType: integer, requird: true",
        "unknown key 'requird' in a delivered property; did you mean 'required'?",
    ),
    (
        "name: Stars, logicalType: number",
        "name: Stars, logicalType: numbr",
        "unknown logicalType 'numbr'; did you mean 'number'?",
    ),
    (
        "logicalType: integer, required: true",
        "logicalType: integer, required: 'true'",
        "required is text; make it true or false.",
    ),
    ("name: sku,", "name: s k u,", "name 's k u' must be letters, digits and _…"),
    ("name: sku,", "name: stars,", "23: column 'Stars' is there twice…"),
    ("classification: pii", "classification: PPI", "unknown classification 'PPI'; did you mean 'pii'?"),
    (
        "property: optional",
        "property: optinal",
        "unknown custom property 'optinal' of column 'Verdict'; did you mean 'optional'?",
    ),
    (
        "name: sku, logicalType: string",
        "name: sku, logicalType: string, logicalTypeOptions: {format: yyyy}",
        "a format has no meaning for logicalType string…",
    ),
    ("name: reviewed_on", "name: reviewd_on", "unknown column of reviews 'reviewd_on'; did you mean 'reviewed_on'?"),
    ("name: customer_id", "name: _row_number", "unknown column of reviews '_row_number'…"),
    ("name: rating, logicalType: integer", "name: rating, logicalType: number", "…for int did you mean 'integer'?"),
    (
        "transformLogic: to_date(Written)",
        "transformlogic: to_date(Written)",
        "unknown key 'transformlogic' in a property of reviews; did you mean 'transformLogic'?",
    ),
    (
        "name: rating, logicalType: integer, transformLogic: cast(Stars as int)",
        "name: rating",
        "column 'rating' has no transformLogic and no delivered column has its name…",
    ),
    ("name: product_id", "name: review_id", "column 'review_id' is mapped twice…"),
    (
        "logicalType: date, transformLogic: to_date(Written)",
        "transformLogic: to_date(Written), customProperties: [{property: idPrefix, value: D}]",
        "column 'reviewed_on' is date; idPrefix and valueMap are for text…",
    ),
    ('{no: N, "*": Y}', "{}", "valueMap is empty…"),
    ("upper(trim(sku))", "upper(trim(skuu))", "…has the unknown column 'skuu'; did you mean 'sku'?"),
    ("upper(trim(sku))", "upper(trim(SKU))", "…has the unknown column 'SKU'; did you mean 'sku'?"),
    ("upper(trim(sku))", "uper(trim(sku))", "…has the unknown function 'uper'; did you mean 'upper'?"),
    ("upper(trim(sku))", "occurrence(sku)", "column 'product_id' counts an occurrence, which only numbers rows…"),
    (
        "rating between 1 and 5",
        "occurrence(product_id) < 5",
        "rule rating_in_range counts an occurrence; only an id can…",
    ),
    (
        "transformLogic: rating_no",
        "transformLogic: occurrence(occurrence(sku))",
        "…has an occurrence within an occurrence…",
    ),
    (
        "transformLogic: rating_no",
        "transformLogic: \"occurrence('a')\"",
        "…counts the occurrence of what is the same in every row…",
    ),
    ("to_date(Written)", "Written", "…write to_date(…), the retailer's local day."),
    ("cast(Stars as int)", "sku", "column 'rating' is int and its expression gives text…"),
    (
        "        severity: reject",
        "        severty: reject",
        "unknown key 'severty' in a quality rule; did you mean 'severity'?",
    ),
    ("severity: reject", "severity: rejct", "unknown severity 'rejct'; did you mean 'reject'?"),
    ("engine: basketry", "engine: basketri", "unknown engine of a rule 'basketri'; did you mean 'basketry'?"),
    ("type: custom", "type: sql", "unknown type of a rule 'sql'; use one of: custom."),
    ("rating between 1 and 5", "rating + 1", "rule rating_in_range gives number; write what is true for a good row."),
    ("rating between 1 and 5", "ratng between 1 and 5", "…has the unknown column 'ratng'; did you mean 'rating'?"),
    ("name: rating_in_range", "name: rating", "the name 'rating' is taken by another rule or a column…"),
    ("tenant: shop", "tenant: shop\ntenant: shop", "key 'tenant' is written twice…"),
    ("description: {purpose", "description: {purpose: {", "is not YAML…"),
)
def test_a_mistake_is_told_with_its_place_and_the_right_word(mistake: Mistake, tmp_path: Path) -> None:
    """Each bad contract gives one sentence that names file, line and fix."""
    mistake.check(tmp_path)
