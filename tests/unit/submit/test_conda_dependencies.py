from __future__ import annotations

import sys
from pathlib import Path

import pytest
import yaml

from aml_widgets.core.errors import ConfigError
from aml_widgets.submit.configuration.conda_dependencies import CondaDependencies

HERE = f"python={sys.version_info.major}.{sys.version_info.minor}"


def test_without_anything_it_asks_for_this_python_only() -> None:
    assert CondaDependencies().as_dict() == {
        "name": "project_environment",
        "channels": ["conda-forge"],
        "dependencies": [HERE],
    }


def test_create_puts_everything_in_its_place() -> None:
    made = CondaDependencies.create(
        pip_indexurl="https://example.org/simple",
        pip_packages=["scikit-learn>=1.4", "--pre"],
        conda_packages=("numpy=1.26", "conda-forge::zlib"),
        python_version="3.10",
        pin_sdk_version=False,
    )

    assert made.conda_packages == ["python=3.10", "numpy=1.26", "conda-forge::zlib"]
    assert made.pip_packages == ["scikit-learn>=1.4"]
    assert made.pip_options == ["--index-url https://example.org/simple", "--pre"]
    assert made.as_dict()["dependencies"][-1] == {
        "pip": ["--index-url https://example.org/simple", "scikit-learn>=1.4", "--pre"]
    }


def test_a_package_takes_the_place_of_one_of_its_name() -> None:
    made = CondaDependencies.create(pip_packages=["PyYAML==5", "b"], conda_packages=["numpy=1.25", "zlib"])

    made.add_pip_package("pyyaml>=6")
    made.add_conda_package("conda-forge::numpy>=2")

    assert made.pip_packages == ["pyyaml>=6", "b"]
    assert made.conda_packages == [HERE, "conda-forge::numpy>=2", "zlib"]


def test_blanks_around_a_name_are_no_part_of_it() -> None:
    dependencies = CondaDependencies.create(conda_packages=[" numpy "], python_version="3.11")
    dependencies.add_conda_package(" numpy=2 ")
    dependencies.add_channel(" conda-forge ")
    dependencies.add_channel(" mine ")

    assert dependencies.conda_packages == ["python=3.11", "numpy=2"]
    assert dependencies.conda_channels == ["conda-forge", "mine"]


def test_packages_channels_and_options_are_taken_out_by_name() -> None:
    made = CondaDependencies.create(pip_packages=["a==1"], conda_packages=["numpy=1"])
    made.set_pip_option("--extra-index-url https://one")
    made.set_pip_option("--extra-index-url https://two")
    made.add_channel("bioconda")

    made.remove_pip_package("A")
    made.remove_conda_package("numpy")
    made.remove_pip_option("--extra-index-url https://one")
    made.remove_channel("conda-forge")
    made.remove_pip_package("was-never-there")

    assert made.as_dict() == {
        "name": "project_environment",
        "channels": ["bioconda"],
        "dependencies": [HERE, {"pip": ["--extra-index-url https://two"]}],
    }


def test_an_option_of_one_value_takes_the_place_of_the_same() -> None:
    made = CondaDependencies.create(pip_indexurl="https://one")

    made.set_pip_index_url("https://two")
    made.set_pip_option("--index-url=https://three")

    assert made.pip_options == ["--index-url=https://three"]


@pytest.mark.parametrize(
    ("given", "entry", "version"),
    [
        ("3.10", "python=3.10", "3.10"),
        (">=3.10,<3.13", "python>=3.10,<3.13", ">=3.10,<3.13"),
        ("==3.11.4", "python==3.11.4", "3.11.4"),
    ],
)
def test_a_python_version_is_set_and_read(given: str, entry: str, version: str) -> None:
    made = CondaDependencies.create(conda_packages=["numpy"])

    made.set_python_version(given)

    assert made.conda_packages == [entry, "numpy"]
    assert made.get_python_version() == version


@pytest.mark.parametrize(
    ("entry", "version"),
    [("python=3.8.13", "3.8.13"), ("python 3.9", "3.9"), ("conda-forge::python=3.9=h1_0", "3.9"), ("python", None)],
)
def test_python_versions_of_conda_files_are_understood(entry: str, version: str | None) -> None:
    assert CondaDependencies(_underlying_structure={"dependencies": [entry]}).get_python_version() == version


def test_a_python_version_that_is_a_number_is_refused() -> None:
    with pytest.raises(ConfigError, match="quotes"):
        CondaDependencies.create(python_version=3.10)  # type: ignore[arg-type]  # would be 3.1


@pytest.mark.parametrize("argument", ["pip_packages", "conda_packages"])
def test_one_text_is_no_list_of_packages(argument: str) -> None:
    with pytest.raises(ConfigError, match=rf"Write {argument}=\['numpy'\]"):
        CondaDependencies.create(**{argument: "numpy"})  # type: ignore[arg-type]  # the fault


def test_a_file_is_read_whole_and_written_back(tmp_path: Path) -> None:
    file = tmp_path / "environment.yml"
    file.write_text(
        "name: mine\nchannels: [defaults, pytorch]\nvariables: {A: b}\n"
        "dependencies:\n- pip\n- python=3.10\n- pip:\n  - -r more.txt\n  - ./own\n"
    )
    (tmp_path / "more.txt").write_text("torch\n")

    read = CondaDependencies(file)
    read.save(tmp_path / "new" / "copy.yml")

    assert read.as_dict() == {
        "name": "mine",
        "channels": ["defaults", "pytorch"],
        "variables": {"A": "b"},
        "dependencies": ["pip", "python=3.10", {"pip": ["torch", str(tmp_path / "own")]}],
    }
    assert CondaDependencies(tmp_path / "new" / "copy.yml") == read
    assert yaml.safe_load(read.serialize_to_string()) == read.as_dict()


def test_a_file_is_saved_below_a_folder(tmp_path: Path) -> None:
    assert CondaDependencies().save_to_file(tmp_path) == "conda_dependencies.yml"
    assert CondaDependencies().save_to_file(tmp_path, "deep/env.yml") == "deep/env.yml"

    assert CondaDependencies(tmp_path / "deep" / "env.yml") == CondaDependencies(tmp_path / "conda_dependencies.yml")


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        ("- numpy", "must be a mapping"),
        ("dependencies: numpy", "dependencies must be a list"),
        ("dependencies: [{python: 3.8}]", "must be text such as 'numpy=1.26'"),
        ("dependencies: [3.8]", "must be text such as"),
        ("dependencies: [{pip: [3]}]", "each entry below pip"),
        ("channels: [1]", "each channel"),
        ("a: [", "is no YAML"),
        ("!!python/object/apply:os.getcwd []", "is no YAML"),
    ],
)
def test_a_file_that_cannot_be_understood_is_refused(tmp_path: Path, content: str, rule: str) -> None:
    (tmp_path / "env.yml").write_text(content)

    with pytest.raises(ConfigError, match=rule):
        CondaDependencies(tmp_path / "env.yml")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nothing.yml"):
        CondaDependencies(tmp_path / "nothing.yml")


def test_what_it_gives_is_not_what_it_goes_on_using() -> None:
    made = CondaDependencies.create(pip_packages=["a"])

    made.pip_packages.append("b")
    made.conda_channels.append("c")
    made.as_dict()["dependencies"].clear()

    assert made == CondaDependencies.create(pip_packages=["a"])
