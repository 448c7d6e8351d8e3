"""Mend what a checker reports."""
