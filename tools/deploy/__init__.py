"""`make deploy`: a Databricks workspace becomes what this checkout and one file of include/targets/ say.

The Databricks CLI deploys the bundle (`tools.bundle`). Here is what no bundle does: what holds data is made and never
removed (`containers`), rights on it are given (`permissions`), and a workspace is looked over beforehand (`checks`,
`trials`, `principal`).
"""
