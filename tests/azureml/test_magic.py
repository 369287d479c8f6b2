"""In a notebook: ``%load_ext aml_widgets.azureml`` and ``%unload_ext``."""

from __future__ import annotations

from pathlib import Path

from tests.azureml.programs import install_v1, tell


def test_the_extension_turns_v1s_names_on_and_off(tmp_path: Path) -> None:
    program = """
        from IPython.core.interactiveshell import InteractiveShell

        shell = InteractiveShell.instance()
        shell.run_cell("%load_ext aml_widgets.azureml").raise_error()
        shell.run_cell("from azureml.core import Run; print(Run.__module__)").raise_error()
        shell.run_cell("%reload_ext aml_widgets.azureml").raise_error()
        shell.run_cell("import azureml.core; print(azureml.core.VERSION)").raise_error()
        shell.run_cell("%unload_ext aml_widgets.azureml").raise_error()
        try:
            import azureml.core
        except ModuleNotFoundError as error:
            print(error)
        shell.run_cell("%load_ext aml_widgets.azureml").raise_error()
        shell.run_cell("from azureml.core import Run; print(Run.__module__)").raise_error()
    """

    assert tell(program, tmp_path) == [
        "aml_widgets.tracking.run",
        "1.61.0",
        "No module named 'azureml'",
        "aml_widgets.tracking.run",
    ]


def test_where_v1_is_installed_the_cell_says_so(tmp_path: Path) -> None:
    program = """
        import warnings
        from IPython.core.interactiveshell import InteractiveShell

        shell = InteractiveShell.instance()
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            shell.run_cell("%load_ext aml_widgets.azureml").raise_error()
        print(said[0].message)
        shell.run_cell("import azureml.core; print(azureml.core.VERSION)").raise_error()
    """

    said, version = tell(program, tmp_path, install_v1(tmp_path / "packages"))

    assert said.startswith("azureml-core 1.42.0 is installed")
    assert version == "the real one"
