-- DBU per DAG and day, by the tags that each run carries; corrections of earlier records are rows, too, and add up.
-- Columns: https://docs.databricks.com/aws/en/admin/system-tables/billing. Runs on serverless compute carry the tags of their
-- budget policy alone: without a tag `dag` there they are one line per day.
SELECT
  usage_date,
  COALESCE(custom_tags['dag'], 'serverless') AS dag,
  ROUND(SUM(usage_quantity), 2) AS dbu
FROM system.billing.usage
WHERE custom_tags['project'] = 'basketry'
  AND usage_unit = 'DBU'
  AND usage_date >= DATE_SUB(CURRENT_DATE, 30)
GROUP BY usage_date, COALESCE(custom_tags['dag'], 'serverless')
ORDER BY usage_date DESC, dbu DESC
