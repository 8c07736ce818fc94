"""What is particular to the parameters of the estimators that carry over."""

from __future__ import annotations

from sklearn_3mtl.estimators._docs import entries

__all__ = ["TRANSFER_ENTRIES"]

TRANSFER_ENTRIES = entries("""
domain : str, int or None, default=None
    The column of X that holds each row's domain (hospital, country, camera), by name, or by
    position in an array; it is no input. None: one domain, or those that `fit` is passed.
source : fitted estimator of this library, nn.Module or None, default=None
    What `fit` starts from, instead of from nothing, used as `strategy` says. An estimator needs the
    same columns of X; wrap it in scikit-learn's FrozenEstimator where the estimator is cloned, as
    in a grid search: a clone's source is unfitted otherwise. A pretrained module reads all columns
    of X as float32 numbers, as they are, or one column of arrays, and gives features; a copy of it
    is trained, unless none of its parameters requires a gradient. None: `fit` trains the source.
strategy : {"auto", "extract", "fine_tune"} or TransferStrategy, default="auto"
    How a target uses the source. ``"extract"``: scikit-learn models, `head`, read its frozen
    features. ``"fine_tune"``: all layers are trained on, the lower ones at lower rates and from
    later on. ``"auto"``: a linear correction on frozen features, solved for, and from 1,000 rows
    on fine-tuning after it.
head : scikit-learn classifier or regressor, or None, default=None
    What ``strategy="extract"`` fits for each target. None: logistic regression, and ridge
    regression with the penalty chosen by leave-one-out, on standardised features.
domain_loss : {"dann", "coral", "mmd"}, DomainLoss or None, default=None
    What makes the features of the domains alike while `fit` trains; rows without a label count
    too. No rows are held out then: their loss would not tell when the domains are alike. None:
    nothing.
domain_loss_weight : float >= 0, default=1.0
    What it is multiplied by. 0 leaves it out.
adapt_parts : {"head", "all", "auto"} or list of str, default="auto"
    Which parts of the network fine-tuning changes; the others stay frozen. ``"all"``: every one;
    ``"head"``: the heads; a list names parts, ``"encoders"``, ``"backbone"``, ``"heads"``.
    ``"auto"``: what `strategy` says.
adapt_steps : int or "auto", default="auto"
    How many gradient steps fine-tuning takes. ``"auto"``: 100.
""")
