"""Tests of finding, inspecting and reading delivered files."""
