"""Predict the next edit from what was just changed."""
