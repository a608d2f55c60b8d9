"""The keys of a contract: every key that may stand at each place, those of ODCS v3.2 and our own."""

from __future__ import annotations

API_VERSION = "v3.2.0"
ENGINE = "basketry"
DELIVERED = "delivered"

# What ODCS offers for people and other tools to read; Basketry does not act on it.
_NOTES = ("id", "description", "businessName", "tags", "authoritativeDefinitions")

TOP = (
    "apiVersion",
    "kind",
    "id",
    "name",
    "version",
    "status",
    "tenant",
    "description",
    "schema",
    "tags",
    "domain",
    "dataProduct",
    "team",
    "roles",
    "support",
    "slaProperties",
    "servers",
    "authoritativeDefinitions",
    "contractCreatedTs",
)
TOP_REQUIRED = ("apiVersion", "kind", "id", "name", "version", "status", "tenant", "schema")
DESCRIPTION = ("purpose", "usage", "limitations", "authoritativeDefinitions", "customProperties")
STATUSES = ("proposed", "draft", "active", "deprecated", "retired")

_OBJECT = (*_NOTES, "name", "physicalName", "physicalType", "logicalType", "properties", "dataGranularityDescription")
DELIVERED_OBJECT = (*_OBJECT, "customProperties")
ENTITY_OBJECT = (*_OBJECT, "quality")
OBJECT_REQUIRED = ("name", "physicalType", "logicalType", "properties")

_PROPERTY = (*_NOTES, "name", "logicalType", "physicalType", "required", "classification", "customProperties")
DELIVERED_PROPERTY = (*_PROPERTY, "physicalName", "logicalTypeOptions")
MAPPED_PROPERTY = (
    *_PROPERTY,
    "transformLogic",
    "transformDescription",
    "transformSourceObjects",
    "primaryKey",
    "primaryKeyPosition",
)
CLASSIFICATIONS = ("pii", "public", "internal", "restricted", "confidential")

FILE_PROPERTIES = (
    "filePatterns",
    "format",
    "delimiter",
    "quote",
    "encoding",
    "decimalSign",
    "thousandsSign",
    "sheet",
    "headerRow",
    "nullValues",
    "unknownColumns",
    "maxRejectedShare",
    "deliveredAt",
    "timeZone",
)
DELIVERED_PROPERTIES = ("formats", "optional")
MAPPED_PROPERTIES = ("idPrefix", "valueMap")
DELIVERED_AT = ("fromFileName", "format")

QUALITY = (
    "name",
    "type",
    "engine",
    "implementation",
    "severity",
    "description",
    "id",
    "dimension",
    "businessImpact",
    "tags",
)
QUALITY_REQUIRED = ("name", "type", "engine", "implementation", "severity", "description")
