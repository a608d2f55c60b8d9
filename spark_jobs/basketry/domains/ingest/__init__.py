"""Delivered files become typed rows; every bad row is set aside with every reason."""
