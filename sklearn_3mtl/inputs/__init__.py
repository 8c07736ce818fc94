"""Turn X into tensors: the columns of the table, and those of each further modality."""

__all__: list[str] = []
