"""Priors that read numbers, indicators of categories, and words."""

from __future__ import annotations

from typing import cast

import numpy as np
from scipy import sparse

from sklearn_3mtl.inputs.tabular import UNSEEN_CODE
from sklearn_3mtl.prior.base import Matrix, PriorModel, PriorRows

__all__ = ["MANY_COLUMNS", "IndicatorPrior"]

# With more columns than this, the closed form of leave-one-out takes longer than a fit for each
# penalty; and a column of categories with more than a tenth of this stays sparse.
MANY_COLUMNS = 1_000


class IndicatorPrior(PriorModel):
    """A prior that reads numbers, indicators of categories, and all words of a text."""

    matrix_name = "indicators"

    def matrix(self, rows: PriorRows) -> Matrix:
        """Numbers as the network reads them, indicators of categories, and words or vectors."""
        coded, embedded = rows.coded, rows.inputs.embedded
        parts: list[np.ndarray | sparse.csr_matrix] = [coded["numeric"].numpy().astype(np.float64)]
        if "categorical" in coded:
            codes = coded["categorical"].numpy()
            for column, size in enumerate(rows.inputs.tabular.cardinalities):
                parts.append(_indicators(codes[:, column], size))
        for name, inputs in embedded.items():
            terms = inputs.terms(rows.table, rows.start, rows.stop)
            parts.append(coded[name].flatten(1).numpy() if terms is None else terms)
        if all(isinstance(part, np.ndarray) for part in parts):
            return np.concatenate(cast(list[np.ndarray], parts), axis=1)
        return cast(Matrix, sparse.hstack(parts, format="csr", dtype=np.float64))


def _indicators(codes: np.ndarray, size: int) -> np.ndarray | sparse.csr_matrix:
    """An indicator column for each code except that of unseen categories, which is all zeros."""
    known = np.flatnonzero(codes != UNSEEN_CODE)
    ones = np.ones(len(known))
    found = sparse.csr_matrix((ones, (known, codes[known])), shape=(len(codes), size))
    return found.toarray() if size <= MANY_COLUMNS // 10 else found
