"""What `fit` does: from parameters and data to a trained model."""

__all__: list[str] = []
