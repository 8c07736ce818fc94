"""Fitted estimators in files that hold no code."""

__all__: list[str] = []
