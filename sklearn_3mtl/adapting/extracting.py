"""`strategy="extract"`: fits scikit-learn models to frozen features."""

from __future__ import annotations

from dataclasses import replace

from sklearn_3mtl.adapting.corrected import container_after
from sklearn_3mtl.data.targets import TargetCodec
from sklearn_3mtl.fitted.adaptation import Adaptation
from sklearn_3mtl.fitted.model import FittedModel
from sklearn_3mtl.fitted.predictors import ByReadout
from sklearn_3mtl.fitted.readout import Readout
from sklearn_3mtl.fitted.support import Support

__all__ = ["with_readout"]


def with_readout(
    head: object | None, model: FittedModel, codec: TargetCodec, support: Support
) -> FittedModel:
    """Fit a scikit-learn model, on frozen features, to each target that has labels in `support`.

    The result is a new model, which predicts the other targets as before.
    """
    if model.groups is not None:
        raise ValueError(
            "strategy='extract' fits one model on all rows, but the source has task ids. Use "
            "strategy='auto' or 'fine_tune'."
        )
    fresh = Readout.fit(
        head,
        codec,
        model.features_of([dict(support.inputs)], None),
        support.numbers(codec),
        support.weights_in_columns(codec),
        support.labelled,
    )
    record = Adaptation(
        n_before=model.codec.layout.n_outputs,
        n_base_groups=None,
        n_groups=None,
        order=codec.layout.outputs_in(model.codec.layout),
        shared=[],
        own=[],
        groups=[],
    )
    has_more = len(codec.tasks) > len(model.names)
    return replace(
        model,
        codec=codec,
        network=record.apply(model.network),
        container=container_after(model, has_more),
        names=tuple(codec.tasks),
        named=model.named or has_more,
        adaptations=(*model.adaptations, record),
        predictor=ByReadout(fresh.with_older(model.readout, list(codec.tasks))),
    )
