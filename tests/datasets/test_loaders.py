import gzip
from importlib import resources

import numpy as np
import pandas as pd
import pytest

from sklearn_3mtl.datasets import (
    load_beijing_air,
    load_student_performance,
    load_wine_quality,
    load_womens_clothing,
)

LOADERS = [load_beijing_air, load_student_performance, load_wine_quality, load_womens_clothing]


@pytest.mark.parametrize(
    ("subject", "n_rows", "n_columns"),
    [("portuguese", 649, 28), ("math", 395, 28), ("both", 1044, 29)],
)
def test_student_has_the_published_size(subject, n_rows, n_columns):
    X, Y = load_student_performance(subject=subject, return_X_y=True)
    assert X.shape == (n_rows, n_columns)
    assert Y.shape == (n_rows, 3)
    assert list(X.index) == list(Y.index) == list(range(n_rows))
    assert not X.isna().any(axis=None)
    assert not Y.isna().any(axis=None)


def test_student_both_is_the_two_subjects():
    X, Y = load_student_performance(subject="both", return_X_y=True)
    assert X["subject"].value_counts().to_dict() == {"portuguese": 649, "math": 395}
    for subject in ("portuguese", "math"):
        X_one, Y_one = load_student_performance(subject=subject, return_X_y=True)
        rows = X["subject"] == subject
        part = X.loc[rows].drop(columns="subject").reset_index(drop=True)
        pd.testing.assert_frame_equal(part, X_one)
        pd.testing.assert_frame_equal(Y.loc[rows].reset_index(drop=True), Y_one)


def test_student_tasks_are_of_three_kinds():
    Y = load_student_performance().target
    assert list(Y.columns) == ["G3", "higher", "Mjob"]
    assert Y["G3"].dtype == np.float64
    assert Y["G3"].between(0, 19).all()
    assert Y["G3"].mean() == pytest.approx(11.906, abs=5e-4)
    assert Y["higher"].value_counts().to_dict() == {"yes": 580, "no": 69}
    assert Y["Mjob"].value_counts().to_dict() == {
        "other": 258,
        "services": 136,
        "at_home": 135,
        "teacher": 72,
        "health": 48,
    }
    assert not isinstance(Y["Mjob"].dtype, pd.CategoricalDtype)


def test_student_inputs_are_categories_and_integers():
    X = load_student_performance().data
    categories = X.select_dtypes("category")
    integers = X.select_dtypes("int64")
    assert (categories.shape[1], integers.shape[1]) == (15, 13)
    assert list(X["guardian"].cat.categories) == ["father", "mother", "other"]
    assert "Medu" in integers


def test_student_categories_do_not_depend_on_the_subject():
    portuguese, math, both = (
        load_student_performance(subject=subject).data for subject in ("portuguese", "math", "both")
    )
    for name in portuguese.select_dtypes("category"):
        assert portuguese[name].dtype == math[name].dtype == both[name].dtype


@pytest.mark.parametrize("subject", ["portuguese", "math", "both"])
def test_student_inputs_hold_no_target(subject):
    X = load_student_performance(subject=subject).data
    assert not {"G1", "G2", "G3", "higher", "Mjob"} & set(X.columns)


def test_student_subject_is_checked():
    with pytest.raises(ValueError, match=r"subject must be one of \['portuguese', .* got 'por'"):
        load_student_performance(subject="por")
    with pytest.raises(ValueError, match="subject must be one of"):
        load_student_performance(subject=["math"])


def test_wine_has_the_published_size():
    X, y = load_wine_quality(return_X_y=True)
    assert X.shape == (6497, 12)
    assert X["color"].value_counts().to_dict() == {"white": 4898, "red": 1599}
    assert isinstance(X["color"].dtype, pd.CategoricalDtype)
    assert (X.drop(columns="color").dtypes == "float64").all()
    assert X.assign(quality=y).duplicated().sum() == 1177
    assert not X.isna().any(axis=None)


def test_wine_quality_is_an_integer_series():
    bunch = load_wine_quality()
    y = bunch.target
    assert isinstance(y, pd.Series)
    assert y.name == "quality"
    assert y.dtype == np.int64
    assert y.value_counts().sort_index().to_dict() == {
        3: 30,
        4: 216,
        5: 2138,
        6: 2836,
        7: 1079,
        8: 193,
        9: 5,
    }
    assert "quality" not in bunch.data


def test_wine_first_row_is_the_published_one():
    row = load_wine_quality().frame.iloc[0]
    assert list(row) == [7.4, 0.7, 0.0, 1.9, 0.076, 11, 34, 0.9978, 3.51, 0.56, 9.4, "red", 5]


def test_clothing_is_the_excerpt_that_it_says():
    X, Y = load_womens_clothing(return_X_y=True)
    assert X.shape == (3355, 4)
    assert X["title"].isna().sum() == 457
    assert not X.drop(columns="title").isna().any(axis=None)
    assert not Y.isna().any(axis=None)
    assert not X["review"].duplicated().any()
    assert X["review"].str.len().min() > 0
    sizes = Y["class_name"].value_counts()
    assert len(sizes) == 18
    assert (sizes.max(), sizes.min()) == (200, 118)
    assert (Y.groupby("class_name")["department"].nunique() == 1).all()


def test_clothing_tasks_are_of_three_kinds():
    Y = load_womens_clothing().target
    assert (Y.dtypes[["rating", "feedback"]] == "float64").all()
    assert Y["rating"].isin([1, 2, 3, 4, 5]).all()
    assert (Y["feedback"] >= 0).all()
    assert Y["recommended"].dtype == bool
    assert Y["recommended"].mean() == pytest.approx(0.84, abs=5e-4)
    assert Y["department"].nunique() == 6


def test_air_is_the_excerpt_that_it_says():
    X, Y = load_beijing_air(return_X_y=True)
    assert X.shape == (4800, 11)
    assert Y.shape == (4800, 6)
    assert X["station"].value_counts().unique().tolist() == [600]
    assert X["station"].cat.categories.size == 8
    assert X["wd"].cat.categories.size == 16
    assert (Y.dtypes == "float64").all()
    assert Y.isna().mean().between(0.01, 0.06).all()
    assert X.isna().mean().max() < 0.01
    assert X["year"].between(2013, 2017).all()
    assert not X.duplicated().any()
    assert Y["O3"].corr(X["TEMP"]) > 0.5


@pytest.mark.parametrize("load", LOADERS)
def test_bunch_is_complete(load):
    bunch = load()
    assert list(bunch.frame.columns) == bunch.feature_names + bunch.target_names
    assert list(bunch.data.columns) == bunch.feature_names
    assert "Citation" in bunch.DESCR
    assert "Licence: C" in bunch.DESCR
    file = resources.files("sklearn_3mtl.datasets") / "data" / bunch.filename
    assert gzip.decompress(file.read_bytes()).count(b"\n") > len(bunch.data) - 1


@pytest.mark.parametrize("load", LOADERS)
def test_without_frames_the_values_are_the_same(load):
    frames, arrays = load(), load(as_frame=False)
    assert arrays.frame is None
    assert type(arrays.data) is np.ndarray
    assert type(arrays.target) is np.ndarray
    assert arrays.data.dtype == object
    pd.testing.assert_frame_equal(
        pd.DataFrame(arrays.data), pd.DataFrame(frames.data.to_numpy(dtype=object))
    )
    np.testing.assert_array_equal(arrays.target, frames.target.to_numpy())
    X, y = load(return_X_y=True, as_frame=False)
    pd.testing.assert_frame_equal(pd.DataFrame(arrays.data), pd.DataFrame(X))
    np.testing.assert_array_equal(arrays.target, y)


def test_a_change_of_the_result_does_not_reach_the_next_call():
    first = load_wine_quality()
    first.data.iloc[0, 0] = -1.0
    assert load_wine_quality().data.iloc[0, 0] == 7.4


def test_data_files_are_small():
    folder = resources.files("sklearn_3mtl.datasets") / "data"
    assert len((folder / "womens_clothing.csv.gz").read_bytes()) <= 500_000
    assert sum(len(file.read_bytes()) for file in folder.iterdir()) < 650_000
