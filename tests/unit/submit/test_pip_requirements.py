from __future__ import annotations

from pathlib import Path

import pytest

from aml_widgets.core.errors import ConfigError
from aml_widgets.submit.environments.pip_requirements import read_requirements, to_name


def test_a_file_becomes_lines_that_mean_the_same_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "wheels").mkdir()
    (tmp_path / "own").mkdir()
    (tmp_path / "limits.txt").write_text("idna<4\n")
    (tmp_path / "a-1.0-py3-none-any.whl").touch()
    (tmp_path / "more" / "base.txt").write_text(
        "\ufeffnumpy==1.26.4 \\\n    --hash=sha256:abc\n./here\n", encoding="utf-8"
    )
    (tmp_path / "requirements.txt").write_text(
        "# a comment\n\n"
        "--extra-index-url https://example.org/simple\n"
        "-r more/base.txt\n"
        "-c limits.txt\n"
        "--find-links=wheels\n"
        "-e ./own[fast]\n"
        "scikit-learn>=1.4  # why not\n"
        "pandas ; python_version < '3.12'\n"
        "a-1.0-py3-none-any.whl\n"
        "git+https://example.org/x.git@main#egg=x\n"
        "wheels\n"
    )

    lines = read_requirements(tmp_path / "requirements.txt")

    assert lines == [
        "--extra-index-url https://example.org/simple",
        "numpy==1.26.4 --hash=sha256:abc",
        f"{tmp_path / 'more' / 'here'}",
        f"-c {tmp_path / 'limits.txt'}",
        f"--find-links {tmp_path / 'wheels'}",
        f"-e {tmp_path / 'own'}[fast]",
        "scikit-learn>=1.4",
        "pandas ; python_version < '3.12'",
        f"{tmp_path / 'a-1.0-py3-none-any.whl'}",
        "git+https://example.org/x.git@main#egg=x",
        "wheels",  # a package, though a folder has its name
    ]


def test_files_that_include_one_another_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("-r b.txt")
    (tmp_path / "b.txt").write_text("--requirement a.txt")

    with pytest.raises(ConfigError, match="includes itself"):
        read_requirements(tmp_path / "a.txt")


@pytest.mark.parametrize("included", ["nothing.txt", "sub"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, included: str) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.txt").write_text(f"-r {included}")

    with pytest.raises(ConfigError, match=included):
        read_requirements(tmp_path / "a.txt")


@pytest.mark.parametrize(
    ("requirement", "name"),
    [
        ("PyYAML>=6", "pyyaml"),
        ("scikit_learn[x]==1.4 ; python_version<'4'", "scikit-learn"),
        ("aml_widgets @ file:///tmp/x.whl", "aml-widgets"),
        ("zope.interface", "zope-interface"),
        ("https://example.org/a?b=1", "https://example.org/a?b=1"),
        ("/srv/wheels/a=b.whl", "/srv/wheels/a=b.whl"),
    ],
)
def test_names_are_compared_as_package_indexes_compare_them(requirement: str, name: str) -> None:
    assert to_name(requirement) == name
