"""The data sets that come with the package."""

from importlib import resources
from typing import Any

import pandas as pd
from sklearn.utils import Bunch

_STUDENT_TASKS = ["G3", "higher", "Mjob"]
_EARLIER_GRADES = ["G1", "G2"]
_SUBJECTS = ("portuguese", "math", "both")
_AIR_TASKS = ["PM2.5", "PM10", "SO2", "NO2", "CO", "O3"]
_CLOTHING_TASKS = ["rating", "recommended", "feedback", "department", "class_name"]


def load_student_performance(
    *, subject: str = "portuguese", return_X_y: bool = False, as_frame: bool = True
) -> Bunch | tuple[Any, Any]:
    """Load the student performance data: three tasks of three kinds on the same pupils.

    - Rows: 649 (Portuguese), 395 (mathematics) or 1,044 (both).
    - Inputs: 28 attributes, 15 categories and 13 integers.
    - Tasks: ``G3`` (regression), ``higher`` (binary) and ``Mjob`` (multiclass).
    - Missing values: none.

    ``G3`` is the final grade, from 0 to 20. The grades of the first two terms nearly determine it
    and are left out. ``higher`` says whether the pupil wants to go on to higher education (89 %
    of the Portuguese class do). ``Mjob`` is the mother's kind of work, in five classes. It is hard
    to predict: on the Portuguese class, logistic regression has an accuracy of 0.45 and gradient
    boosting 0.46, and always predicting the largest class 0.40 (balanced accuracy: 0.38, 0.40 and
    0.20).

    Parameters
    ----------
    subject : {"portuguese", "math", "both"}, default="portuguese"
        The subject that the final grade belongs to. ``"both"`` adds the column ``subject`` to the
        inputs; 382 pupils then appear twice, so split by pupil.
    return_X_y : bool, default=False
        If True, return ``(data, target)`` instead of a Bunch.
    as_frame : bool, default=True
        If True, data and target are pandas frames with categories where the attribute is a name.
        If False, they are arrays of dtype object with the same values.

    Returns
    -------
    data : sklearn.utils.Bunch
        With the keys

        - ``data``: the inputs, of shape (n_samples, 28), or 29 columns with ``subject="both"``;
        - ``target``: the tasks ``G3`` (float), ``higher`` (text) and ``Mjob`` (text), of shape
          (n_samples, 3);
        - ``frame``: inputs and tasks side by side, or None with ``as_frame=False``;
        - ``feature_names`` and ``target_names``: lists of column names;
        - ``DESCR``: the description, with citation and licence;
        - ``filename``: the name of the data file inside the package.

    (data, target) : tuple if ``return_X_y`` is True

    References
    ----------
    P. Cortez and A. Silva. Using data mining to predict secondary school student performance.
    FUBUTEC 2008, pages 5-12. UCI data set 320, CC BY 4.0.

    Examples
    --------
    >>> from sklearn_3mtl.datasets import load_student_performance
    >>> X, Y_tasks = load_student_performance(return_X_y=True)
    >>> X.shape
    (649, 28)
    >>> list(Y_tasks.columns)
    ['G3', 'higher', 'Mjob']
    """
    if not isinstance(subject, str) or subject not in _SUBJECTS:
        raise ValueError(f"subject must be one of {list(_SUBJECTS)}, got {subject!r}.")
    table = _read("student_performance").drop(columns=_EARLIER_GRADES)
    target = table[_STUDENT_TASKS].astype({"G3": "float64"})
    data = _with_categories(table.drop(columns=_STUDENT_TASKS))
    if subject != "both":
        rows = data.pop("subject") == subject
        data = data.loc[rows].reset_index(drop=True)
        target = target.loc[rows].reset_index(drop=True)
    return _package("student_performance", data, target, return_X_y, as_frame)


def load_wine_quality(
    *, return_X_y: bool = False, as_frame: bool = True
) -> Bunch | tuple[Any, Any]:
    """Load the wine quality data: one target for two colours of wine.

    - Rows: 6,497, of which 1,599 red and 4,898 white.
    - Inputs: 11 numbers and ``color``, a category.
    - Target: ``quality``, an integer from 3 to 9.
    - Missing values: none.

    ``color`` can be an input like the others, or the task column of the long layout
    (``task="color"``): then red and white wine are two tasks. 1,177 rows repeat an earlier row. To
    avoid leakage, keep equal rows on one side of the split.

    Parameters
    ----------
    return_X_y : bool, default=False
        If True, return ``(data, target)`` instead of a Bunch.
    as_frame : bool, default=True
        If True, data is a pandas frame and target a pandas series. If False, data is an array of
        dtype object (``color`` is text) and target an array of integers.

    Returns
    -------
    data : sklearn.utils.Bunch
        With the keys

        - ``data``: the inputs, of shape (6497, 12);
        - ``target``: the quality as int64, of shape (6497,);
        - ``frame``: inputs and target side by side, or None with ``as_frame=False``;
        - ``feature_names`` and ``target_names``: lists of column names;
        - ``DESCR``: the description, with citation and licence;
        - ``filename``: the name of the data file inside the package.

    (data, target) : tuple if ``return_X_y`` is True

    References
    ----------
    P. Cortez, A. Cerdeira, F. Almeida, T. Matos and J. Reis. Modeling wine preferences by data
    mining from physicochemical properties. Decision Support Systems 47(4), pages 547-553, 2009.
    UCI data set 186, CC BY 4.0.

    Examples
    --------
    >>> from sklearn_3mtl.datasets import load_wine_quality
    >>> X, y = load_wine_quality(return_X_y=True)
    >>> X["color"].value_counts().to_dict()
    {'white': 4898, 'red': 1599}
    >>> y.name
    'quality'
    """
    table = _read("wine_quality")
    target = table.pop("quality")
    return _package("wine_quality", _with_categories(table), target, return_X_y, as_frame)


def load_beijing_air(*, return_X_y: bool = False, as_frame: bool = True) -> Bunch | tuple[Any, Any]:
    """Load the air quality of Beijing: six pollutants at eight stations.

    - Rows: 4,800, an excerpt of 420,768: 600 random hours of each of eight stations.
    - Inputs: year, month, day and hour; temperature, pressure, dew point, rain and wind speed; the
      wind direction ``wd`` and ``station`` (categories).
    - Tasks: ``PM2.5``, ``PM10``, ``SO2``, ``NO2``, ``CO`` and ``O3`` (regression), in micrograms
      per cubic metre.
    - Missing values: 1 to 5 % of each task's labels; a few inputs.

    ``station`` can be an input like the others, or the task column of the long layout
    (``task="station"``): then a new station is a new task. The concentrations are skewed; their
    logarithms are easier to learn. Hours of the same day are similar at all stations.

    Parameters
    ----------
    return_X_y : bool, default=False
        If True, return ``(data, target)`` instead of a Bunch.
    as_frame : bool, default=True
        If True, data and target are pandas frames. If False, data is an array of dtype object and
        target an array of floats.

    Returns
    -------
    data : sklearn.utils.Bunch
        With the keys

        - ``data``: the inputs, of shape (4800, 11);
        - ``target``: the concentrations, of shape (4800, 6);
        - ``frame``: inputs and tasks side by side, or None with ``as_frame=False``;
        - ``feature_names`` and ``target_names``: lists of column names;
        - ``DESCR``: the description, with citation and licence;
        - ``filename``: the name of the data file inside the package.

    (data, target) : tuple if ``return_X_y`` is True

    References
    ----------
    S. Zhang, B. Guo, A. Dong, J. He, Z. Xu and S. X. Chen. Cautionary tales on air-quality
    improvement in Beijing. Proceedings of the Royal Society A 473, 2017. UCI data set 501,
    CC BY 4.0.

    Examples
    --------
    >>> from sklearn_3mtl.datasets import load_beijing_air
    >>> X, Y_tasks = load_beijing_air(return_X_y=True)
    >>> X["station"].nunique()
    8
    >>> list(Y_tasks.columns)
    ['PM2.5', 'PM10', 'SO2', 'NO2', 'CO', 'O3']
    """
    table = _read("beijing_air", missing="")
    target = table[_AIR_TASKS].astype("float64")
    data = _with_categories(table.drop(columns=_AIR_TASKS))
    return _package("beijing_air", data, target, return_X_y, as_frame)


def load_womens_clothing(
    *, return_X_y: bool = False, as_frame: bool = True
) -> Bunch | tuple[Any, Any]:
    """Load reviews of women's clothes: text and numbers, five tasks of three kinds.

    - Rows: 3,355, an excerpt of 23,486: at most 200 of each of the 18 largest classes of clothes.
    - Inputs: the texts ``title`` and ``review``; the reviewer's ``age``; the product's
      ``clothing_id``.
    - Tasks: ``rating`` (regression), ``recommended`` (binary), ``feedback`` (regression),
      ``department`` (6 classes) and ``class_name`` (18 classes).
    - Missing values: 457 titles.

    ``rating`` is from 1 to 5; 55 % of the ratings are 5. ``feedback`` is the number of readers who
    found the review helpful; its logarithm is easier to learn. Each class belongs to one
    department. ``class_name`` can also be the task column of the long layout. Reviews of the same
    product are similar. To test on new products, keep equal ``clothing_id`` on one side of a split.

    Parameters
    ----------
    return_X_y : bool, default=False
        If True, return ``(data, target)`` instead of a Bunch.
    as_frame : bool, default=True
        If True, data and target are pandas frames. If False, they are arrays of dtype object.

    Returns
    -------
    data : sklearn.utils.Bunch
        With the keys

        - ``data``: the inputs, of shape (3355, 4);
        - ``target``: the tasks, of shape (3355, 5); ``rating`` and ``feedback`` are floats,
          ``recommended`` is a bool, the others are text;
        - ``frame``: inputs and tasks side by side, or None with ``as_frame=False``;
        - ``feature_names`` and ``target_names``: lists of column names;
        - ``DESCR``: the description, with citation and licence;
        - ``filename``: the name of the data file inside the package.

    (data, target) : tuple if ``return_X_y`` is True

    References
    ----------
    N. Brooks. Women's E-Commerce Clothing Reviews. Kaggle, 2018, listed there as CC0 1.0.
    A. F. Agarap. Statistical analysis on e-commerce reviews, with sentiment classification using
    bidirectional recurrent neural network. arXiv:1805.03687, 2018.

    Examples
    --------
    >>> from sklearn_3mtl.datasets import load_womens_clothing
    >>> X, Y_tasks = load_womens_clothing(return_X_y=True)
    >>> X.shape
    (3355, 4)
    >>> list(Y_tasks.columns)
    ['rating', 'recommended', 'feedback', 'department', 'class_name']
    """
    table = _read("womens_clothing").rename(
        columns={"review_text": "review", "positive_feedback_count": "feedback"}
    )
    target = table[_CLOTHING_TASKS].astype(
        {"rating": "float64", "recommended": "bool", "feedback": "float64"}
    )
    data = table[["title", "review", "age", "clothing_id"]]
    data = data.assign(title=data["title"].mask(data["title"] == ""))
    return _package("womens_clothing", data, target, return_X_y, as_frame)


def _read(name: str, missing: str | None = None) -> pd.DataFrame:
    """Read a data file; `missing` is the text of a missing value. None: no value is missing."""
    path = resources.files("sklearn_3mtl.datasets") / "data" / f"{name}.csv.gz"
    with path.open("rb") as file:
        return pd.read_csv(file, compression="gzip", keep_default_na=False, na_values=missing)


def _with_categories(table: pd.DataFrame) -> pd.DataFrame:
    """Turn each text column into a categorical one, with the categories of all rows."""
    text = table.columns[[not pd.api.types.is_numeric_dtype(dtype) for dtype in table.dtypes]]
    return table.astype(dict.fromkeys(text, "category"))


def _package(
    name: str,
    data: pd.DataFrame,
    target: pd.DataFrame | pd.Series,
    return_X_y: bool,
    as_frame: bool,
) -> Bunch | tuple[Any, Any]:
    """Return the data in the form that `return_X_y` and `as_frame` ask for."""
    target_names = list(target.columns) if isinstance(target, pd.DataFrame) else [target.name]
    values = (data, target) if as_frame else (data.to_numpy(dtype=object), target.to_numpy())
    if return_X_y:
        return values
    description = resources.files("sklearn_3mtl.datasets") / "data" / f"{name}.md"
    return Bunch(
        data=values[0],
        target=values[1],
        frame=pd.concat([data, target], axis=1) if as_frame else None,
        feature_names=list(data.columns),
        target_names=target_names,
        DESCR=description.read_text(encoding="utf-8"),
        filename=f"{name}.csv.gz",
    )
