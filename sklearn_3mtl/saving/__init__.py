"""Save fitted estimators in files that hold no code, and load them."""

__all__: list[str] = []
