"""What a fitted estimator holds, and how it answers for new rows."""

__all__: list[str] = []
