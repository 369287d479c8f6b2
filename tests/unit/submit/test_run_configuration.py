from __future__ import annotations

import json
import warnings
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aml_widgets.core.errors import ConfigError
from aml_widgets.submit.configuration.conda_dependencies import CondaDependencies
from aml_widgets.submit.configuration.environment import Environment
from aml_widgets.submit.configuration.run_configuration import RunConfiguration

# As azureml-core wrote it, shortened.
V1_FILE = """
# The script to run.
script: train.py
arguments: [--alpha, 0.10, --flag, no]
target: local
framework: Python
communicator: None
maxRunDurationSeconds:
nodeCount: 1
priority:
environment:
  name: project
  version:
  environmentVariables:
    EXAMPLE_ENV_VAR: EXAMPLE_VALUE
  python:
    userManagedDependencies: false
    interpreterPath: python
    condaDependenciesFile: .azureml/conda_dependencies.yml
    baseCondaEnvironment:
  docker:
    enabled: false
    baseImage:
    sharedVolumes: true
    gpuSupport: false
    shmSize: 1g
    arguments: []
    baseImageRegistry:
      address:
      username:
      password:
  spark:
    repositories: [https://mmlspark.azureedge.net/maven]
    packages:
    - group: com.microsoft.ml.spark
      artifact: mmlspark_2.11
      version: '0.12'
    precachePackages: true
  databricks:
    mavenLibraries: []
    pypiLibraries: []
    rcranLibraries: []
    jarLibraries: []
    eggLibraries: []
  inferencingStackVersion:
history:
  outputCollection: true
  snapshotProject: true
  directoriesToWatch:
  - logs
  - plots
spark:
  configuration:
    spark.app.name: Azure ML Experiment
hdi:
  yarnDeployMode: cluster
tensorflow:
  workerCount: 1
  parameterServerCount: 1
mpi:
  processCountPerNode: 1
sourceDirectoryDataStore:
amlcompute:
  vmSize:
  vmPriority:
  retainCluster: false
  name:
  clusterMaxNodeCount: 1
credentialPassthrough: false
environmentVariables:
  VERSION: 1.10
  ANSWER: yes
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / ".azureml").mkdir()
    (tmp_path / ".azureml" / "conda_dependencies.yml").write_text("dependencies: [python=3.10, {pip: [numpy, ./own]}]")
    (tmp_path / ".azureml" / "old.runconfig").write_text(V1_FILE)
    return tmp_path


def test_the_defaults_are_those_of_v1() -> None:
    configuration = RunConfiguration()

    assert (configuration.target, configuration.framework, configuration.communicator) == ("local", "Python", "None")
    assert (configuration.script, configuration.arguments, configuration.command) == (None, [], None)
    assert configuration.environment.name == "default-environment"
    assert configuration.environment_variables == {}
    assert configuration.history.to_dict() == {
        "outputCollection": True,
        "snapshotProject": True,
        "directoriesToWatch": ["logs"],
    }
    assert (configuration.node_count, configuration.priority, configuration.max_run_duration_seconds) == (1, None, None)
    assert [configuration.data, configuration.data_references, configuration.output_data, configuration.services] == [
        {}
    ] * 4
    for section in ("docker", "spark", "hdi", "mpi", "tensorflow", "pytorch", "amlcompute"):
        assert getattr(configuration, section).to_dict()


def test_what_is_given_is_kept() -> None:
    configuration = RunConfiguration(
        "train.py",
        ["--x", 1],
        conda_dependencies=CondaDependencies.create(pip_packages=["numpy"]),
        _history_enabled=False,
    )

    assert (configuration.script, configuration.arguments) == ("train.py", ["--x", 1])
    assert configuration.environment.python.conda_dependencies.pip_packages == ["numpy"]
    assert configuration.environment.python.user_managed_dependencies is False
    assert configuration.history.output_collection is False


def test_a_compute_target_is_known_by_its_name() -> None:
    class Target:
        name = "four"

    configuration = RunConfiguration()

    configuration.target = Target()  # type: ignore[assignment]  # as v1 takes it

    assert configuration.target == "four"
    with pytest.raises(ConfigError, match="compute target or its name"):
        configuration.target = 4  # type: ignore[assignment]  # the fault


def test_it_shows_as_json_without_secrets() -> None:
    configuration = RunConfiguration()
    configuration.environment_variables = {"WANDB_API_KEY": "abc123", "MODE": "fast"}

    shown = json.loads(repr(configuration))

    assert shown["environmentVariables"]["MODE"] == "fast"
    assert "abc123" not in repr(configuration)
    assert shown["history"]["outputCollection"] is True


@pytest.mark.parametrize("separate", [False, True])
def test_what_is_saved_is_loaded(tmp_path: Path, separate: bool) -> None:
    configuration = RunConfiguration("train.py", ["--reg", 0.5, "--name", "no", Path("data")])
    configuration.environment = Environment("mine", environment_variables={"ON": "yes"})
    configuration.environment.python.conda_dependencies.add_pip_package("numpy==1.10")
    configuration.environment_variables = {"NULL": "null", "NUMBER": "0.10", "TEXT": "a\nb: 'c' # ü", "EMPTY": ""}
    configuration.history.directories_to_watch = ["logs", "plots"]
    configuration.target = "four"

    configuration.save(tmp_path, "exp", separate_environment_yaml=separate)
    loaded = RunConfiguration.load(tmp_path, "exp")

    configuration.arguments = ["--reg", "0.5", "--name", "no", "data"]
    assert loaded == configuration
    assert loaded.name == configuration.name == "exp"
    assert (tmp_path / ".azureml" / "exp.runconfig").is_file()
    assert (tmp_path / ".azureml" / "exp_environment.yml").is_file() is separate


@settings(max_examples=60)
@given(
    texts=st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), max_size=4),
    names=st.dictionaries(st.text(min_size=1), st.text(), max_size=3),
)
@example(
    texts=["0.10", "no", "null", "~", "1e5", "0o7", "2001-01-01", "=", "- a", "a: b", "#", "\x85", "\r\n"], names={}
)
def test_any_text_is_saved_and_loaded(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], names: dict[str, str]
) -> None:
    configuration = RunConfiguration("train.py", list(texts))
    configuration.environment_variables = dict(names)
    folder = tmp_path_factory.mktemp("project")

    configuration.save(folder, "exp")

    assert RunConfiguration.load(folder, "exp") == configuration


def test_it_is_saved_where_it_was_loaded_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    RunConfiguration("a.py").save(name="exp")

    configuration = RunConfiguration.load(".", "exp")
    configuration.script = "b.py"
    configuration.save()

    assert RunConfiguration.load(tmp_path / ".azureml" / "exp.runconfig").script == "b.py"


def test_a_file_may_be_named_itself(tmp_path: Path) -> None:
    RunConfiguration("a.py").save(tmp_path / "deep" / "own.yml")

    assert RunConfiguration.load(tmp_path / "deep" / "own.yml").script == "a.py"


def test_the_default_environment_stays_the_default_one(tmp_path: Path) -> None:
    RunConfiguration().save(tmp_path, "exp")
    file = tmp_path / ".azureml" / "exp.runconfig"
    content = yaml.safe_load(file.read_text())
    content["environment"]["python"]["condaDependencies"]["dependencies"] = ["python=3.8"]  # saved by another Python
    file.write_text(yaml.safe_dump(content))

    loaded = RunConfiguration.load(tmp_path, "exp")

    assert loaded == RunConfiguration()
    loaded.environment.python.conda_dependencies.add_pip_package("numpy")
    assert loaded.environment.python.user_managed_dependencies is False


def test_what_v1_wrote_is_read(project: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loaded = RunConfiguration.load(project, "old")

    assert (loaded.script, loaded.target, loaded.max_run_duration_seconds) == ("train.py", "local", None)
    assert loaded.arguments == ["--alpha", "0.10", "--flag", "no"]
    assert loaded.environment_variables == {"VERSION": "1.10", "ANSWER": "yes"}
    assert loaded.history.directories_to_watch == ["logs", "plots"]
    assert loaded.environment.python.user_managed_dependencies is False
    conda = loaded.environment.python.conda_dependencies
    assert (conda.conda_packages, conda.pip_packages) == (["python=3.10"], ["numpy", str(project / ".azureml" / "own")])
    assert loaded.to_dict()["credentialPassthrough"] is False


def test_a_name_that_looks_misspelt_is_warned_of(tmp_path: Path) -> None:
    (tmp_path / "a.runconfig").write_text("scrpt: train.py\nhistory: {outputColection: false}\nnobodyKnows: 1\n")

    with pytest.warns(UserWarning, match="means nothing") as warned:
        loaded = RunConfiguration.load(tmp_path, "a")

    assert [str(one.message).split(" in ")[0] for one in warned] == ["'scrpt'", "'history.outputColection'"]
    assert "Did you mean 'script'" in str(warned[0].message)
    assert loaded.to_dict()["nobodyKnows"] == 1


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        ("- a", "must be a mapping"),
        ("a: [", "is no YAML"),
        ("nodeCount: many", "nodeCount must be a whole number"),
        ("environment: {name: e, python: {userManagedDependencies: 'no'}}", "must be True or False"),
        ("environment: nothing.yml", "nothing.yml"),
        ("environmentVariables: [A]", "environmentVariables must be a dict"),
        ("history: 3", "HistorySection is made of a mapping"),
    ],
)
def test_a_file_that_cannot_be_understood_is_refused(tmp_path: Path, content: str, rule: str) -> None:
    (tmp_path / "a.runconfig").write_text(content)

    with pytest.raises(ConfigError, match=rule):
        RunConfiguration.load(tmp_path, "a")


def test_arguments_in_one_line_are_split_as_a_shell_does(tmp_path: Path) -> None:
    (tmp_path / "a.runconfig").write_text("arguments: --name 'a b' --x 1\n")

    assert RunConfiguration.load(tmp_path, "a").arguments == ["--name", "a b", "--x", "1"]


def test_a_file_is_deleted_with_that_of_its_environment(tmp_path: Path) -> None:
    RunConfiguration().save(tmp_path, "exp", separate_environment_yaml=True)
    RunConfiguration().save(tmp_path, "other")

    RunConfiguration.delete(tmp_path, "exp")

    assert [file.name for file in (tmp_path / ".azureml").iterdir()] == ["other.runconfig"]
    with pytest.raises(ConfigError, match="no run configuration 'exp'"):
        RunConfiguration.delete(tmp_path, "exp")
    with pytest.raises(ConfigError, match="no run configuration 'exp'"):
        RunConfiguration.load(tmp_path, "exp")


@pytest.mark.parametrize("name", [None, "", "../a", "a\\b", 3])
def test_a_name_leads_out_of_no_folder(tmp_path: Path, name: object) -> None:
    with pytest.raises(ConfigError, match="name of a run configuration"):
        RunConfiguration().save(tmp_path, name)  # type: ignore[arg-type]  # the fault
    assert list(tmp_path.iterdir()) == []
