"""Tests: one file per user action or module; the folders mirror the package."""
