"""What a fitted estimator holds, and how it predicts."""

__all__: list[str] = []
