from __future__ import annotations

import pytest

from aml_widgets.store import uri
from aml_widgets.tracking.experiment import Experiment
from aml_widgets.tracking.run import Run

SERVER = "https://hub.example/user/ada%40b/"


def test_where_no_server_is_known_a_run_links_to_its_files(run: Run) -> None:
    assert run.get_portal_url() == run._store.artifacts.locate(run.id)
    assert "Run browser" not in run._repr_html_()


@pytest.mark.parametrize("server", [SERVER, SERVER.rstrip("/")])
def test_below_a_server_with_the_run_browser_it_links_to_its_page(
    run: Run, monkeypatch: pytest.MonkeyPatch, server: str
) -> None:
    monkeypatch.setenv("AML_WIDGETS_SERVER_URL", server)

    key = uri.workspace_key(run.experiment.workspace.location)
    assert run.get_portal_url() == f"https://hub.example/user/ada%40b/lab?aml-run={key}/{run.id}"
    assert f'<a href="{run.get_portal_url()}" target="_blank" rel="noopener">Run browser</a>' in run._repr_html_()
    assert run._store.artifacts.locate(run.id) in run._repr_html_()


def test_whatever_the_id_it_is_one_parameter_of_the_link(
    experiment: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AML_WIDGETS_SERVER_URL", "http://127.0.0.1:8888/")
    run = experiment.start_logging(snapshot_directory=None)
    run._run_id = "a&b=c#d?e+f%20 ü"

    key = uri.workspace_key(experiment.workspace.location)
    assert run.get_portal_url() == (f"http://127.0.0.1:8888/lab?aml-run={key}/a%26b%3Dc%23d%3Fe%2Bf%2520%20%C3%BC")
