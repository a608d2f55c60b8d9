"""Keeps tables quick to read: small files are compacted, files that no kept version needs are deleted."""
