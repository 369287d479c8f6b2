from __future__ import annotations

import copy
import pickle

import pytest

from aml_widgets.core.errors import ConfigError
from aml_widgets.submit.configuration.environment import Environment
from aml_widgets.submit.configuration.run_configuration import RunConfiguration
from aml_widgets.submit.configuration.run_sections import HistorySection
from aml_widgets.submit.configuration.script_run_config import ScriptRunConfig
from aml_widgets.submit.configuration.sections import Section


@pytest.mark.parametrize(
    ("section", "slip", "way_out"),
    [
        (RunConfiguration(), "enviroment", "Did you mean 'environment'"),
        (RunConfiguration(), "maxRunDurationSeconds", "Did you mean 'max_run_duration_seconds'"),
        (RunConfiguration(), "compute_target", "Set its target"),
        (RunConfiguration(), "colour", "It has amlcompute, arguments, auto_prepare_environment"),
        (Environment("e").python, "user_managed_dependancies", "Did you mean 'user_managed_dependencies'"),
        (Environment("e"), "interpreter_path", "env.python.interpreter_path"),
        (ScriptRunConfig("."), "environment", "Set src.run_config.environment"),
        (ScriptRunConfig("."), "target", "Set src.run_config.target"),
        (ScriptRunConfig("."), "argument", "Did you mean 'arguments'"),
    ],
)
def test_a_slip_of_the_pen_is_said_and_nothing_is_set(section: Section, slip: str, way_out: str) -> None:
    with pytest.raises(AttributeError, match=way_out):
        setattr(section, slip, "x")
    with pytest.raises(AttributeError, match=way_out):
        getattr(section, slip)

    assert slip not in vars(section)


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("output_collection", "False", "must be True or False"),
        ("output_collection", 1, "must be True or False"),
        ("directories_to_watch", "logs", r"must be a list of texts, got 'logs'. Write \['logs'\]"),
        ("directories_to_watch", ["logs", 3], "holds 3"),
        ("directories_to_watch", None, "must be a list"),
    ],
)
def test_a_value_of_a_wrong_kind_is_refused_and_the_old_one_stays(name: str, value: object, rule: str) -> None:
    history = HistorySection()
    before = getattr(history, name)

    with pytest.raises(ConfigError, match=rule):
        setattr(history, name, value)

    assert getattr(history, name) == before


def test_two_sections_share_no_defaults() -> None:
    one, other = RunConfiguration(), RunConfiguration()

    one.history.directories_to_watch.append("plots")
    one.environment_variables["A"] = "1"
    one.environment.python.conda_dependencies.add_pip_package("numpy")

    assert other.history.directories_to_watch == ["logs"]
    assert other.environment_variables == {}
    assert other.environment.python.conda_dependencies.pip_packages == []


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_a_copy_is_equal_and_apart(duplicate: object) -> None:
    original = RunConfiguration("train.py", ["--x", 1])
    original.environment.environment_variables["A"] = "1"

    copied = duplicate(original)  # type: ignore[operator]  # one of the two above

    assert copied == original
    copied.environment.environment_variables["A"] = "2"
    assert copied != original


def test_unknown_settings_of_a_file_survive_it() -> None:
    content = {**HistorySection().to_dict(), "newerSetting": {"a": [1]}}

    assert HistorySection.from_dict(content).to_dict() == content


def test_what_a_section_gives_is_not_what_it_goes_on_using() -> None:
    history = HistorySection()

    history.to_dict()["directoriesToWatch"].append("x")

    assert history.directories_to_watch == ["logs"]
