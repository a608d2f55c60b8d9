"""`make deploy`: a Databricks workspace becomes what this checkout and one file of include/targets/ say.

Plan, then apply: `plan` compares and changes nothing, every change is one step, and a second run has none left. What was
made is noted in the workspace's folder (`manifest`), so that undeploy removes that and nothing else.
"""
