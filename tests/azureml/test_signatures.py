"""The public members of v1's classes are here, with v1's kinds and signatures; what differs is listed, with the reason."""

from __future__ import annotations

import inspect
import json
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import aml_widgets
from aml_widgets.submit.configuration.sections import Field

TABLE: dict[str, dict[str, str]] = json.loads(
    (Path(__file__).parents[1] / "data" / "azureml_v1_signatures.json").read_text(encoding="utf-8")
)["classes"]
V1 = {f"{owner}.{name}": text for owner, members in TABLE.items() for name, text in members.items()}


class Difference(NamedTuple):
    """What a member is here, None if it is left out, and why."""

    ours: str | None
    why: str


def describe(member: str) -> str | None:
    """Say of one of our members what the table says of v1's, None if there is none."""
    owner_name, name = member.split(".")
    owner = getattr(aml_widgets, owner_name)
    try:
        static = inspect.getattr_static(owner, name)
    except AttributeError:
        return None
    if isinstance(static, Field):
        return "settable property"
    if isinstance(static, property):
        return "property" if static.fset is None else "settable property"
    if isinstance(static, staticmethod):
        return f"static {to_text(inspect.signature(static.__func__))}"
    if isinstance(static, classmethod):
        return f"class {to_text(inspect.signature(static.__func__), skip=1)}"
    if inspect.isfunction(static):
        return f"method {to_text(inspect.signature(static), skip=1)}"
    return "constant"


def to_text(signature: inspect.Signature, *, skip: int = 0) -> str:
    """Write a signature down without annotations, and defaults by their values."""
    plain = [
        one.replace(annotation=one.empty, default=one.default.value if isinstance(one.default, Enum) else one.default)
        for one in list(signature.parameters.values())[skip:]
    ]
    return str(inspect.Signature(plain))


def to_parameters(text: str) -> list[inspect.Parameter]:
    """Read the parameters that a member's text has."""
    _, _, signature = text.partition(" ")
    names: dict[str, Any] = {}
    exec(f"def made{signature}: ...", names)
    return list(inspect.signature(names["made"]).parameters.values())


def normalize(text: str) -> str:
    kind, bracket, _ = text.partition(" (")
    return f"{kind} {inspect.Signature(to_parameters(text))}" if bracket else text


_OWN_KEYWORDS = "**kwargs of v1 is for its own code. Here a keyword that means nothing is an error, so that a misspelt one is found."
_CLUSTER = "A setting of clusters. A file that has it keeps it; setting it in Python is an error that says so."
_NO_LOG_CHAIN = "The name of v1's own loggers."
_NO_STUDIO = "The address of the studio without the run; get_portal_url() is the link that leads somewhere."

DIFFERENCES = {
    # -- left out
    "CondaDependencies.DEFAULT_NUMBER_OF_CONDA_PACKAGES": Difference(
        None, "Where get_default_number_of_packages() remembers."
    ),
    "CondaDependencies.DEFAULT_NUMBER_OF_PIP_PACKAGES": Difference(None, "The same."),
    "Environment.asset_id": Difference(
        None, "An id in the cloud's registry; name and version are what an environment is known by."
    ),
    "Experiment.identity": Difference(None, _NO_LOG_CHAIN),
    "Experiment.portal_url": Difference(None, _NO_STUDIO),
    "Run.identity": Difference(None, _NO_LOG_CHAIN),
    "Run.portal_url": Difference(None, _NO_STUDIO),
    "RunConfiguration.auto_cluster_compute_specification": Difference(None, _CLUSTER),
    "RunConfiguration.credential_passthrough": Difference(None, _CLUSTER),
    "RunConfiguration.datacaches": Difference(None, _CLUSTER),
    "RunConfiguration.kubernetescompute": Difference(None, _CLUSTER),
    "RunConfiguration.paralleltask": Difference(None, _CLUSTER),
    "RunConfiguration.source_directory_data_store": Difference(None, _CLUSTER),
    "Workspace.DEFAULT_CPU_CLUSTER_CONFIGURATION": Difference(None, "The size of machines that v1 rents."),
    "Workspace.DEFAULT_GPU_CLUSTER_CONFIGURATION": Difference(None, "The same."),
    # -- arguments left out
    "Experiment.__init__": Difference(
        "method (workspace, name)", "Those that begin with _ are for v1's own code. " + _OWN_KEYWORDS
    ),
    "Model.__init__": Difference(
        "method (workspace, name=None, id=None, tags=None, properties=None, version=None, run_id=None, model_framework=None, expand=True)",
        _OWN_KEYWORDS,
    ),
    "Run.__init__": Difference("method (experiment, run_id, outputs=None)", _OWN_KEYWORDS),
    "Run.get_context": Difference("class (allow_offline=True, used_for_context_manager=False)", _OWN_KEYWORDS),
    "Run.register_model": Difference(
        "method (model_name, model_path=None, tags=None, properties=None, model_framework=None, model_framework_version=None, "
        "description=None, datasets=None, sample_input_dataset=None, sample_output_dataset=None, resource_configuration=None)",
        _OWN_KEYWORDS,
    ),
    # -- arguments that v1 takes without naming them
    "Experiment.start_logging": Difference(
        "method (name=None, run_id=None, outputs=None, snapshot_directory='.', display_name=None, description=None, tags=None)",
        "What v1's *args and **kwargs take is named.",
    ),
    "Experiment.submit": Difference(
        "method (config, tags=None, run_id=None, show_output=False)",
        "What v1's **kwargs take of a script is named; show_output is what tutorials give, for which v1 raises TypeError.",
    ),
    "Run.submit_child": Difference(
        "method (config, tags=None, run_id=None, show_output=False)", "As Experiment.submit."
    ),
    # -- arguments that are ours, or need not be given
    "CondaDependencies.create": Difference(
        "static (pip_indexurl=None, pip_packages=None, conda_packages=None, python_version=None, pin_sdk_version=True)",
        "Without a version, that of the Python that runs this; v1's default is old by now.",
    ),
    "Environment.build_local": Difference(
        "method (workspace=None, platform=None, **kwargs)", "It is built on this machine, and no workspace is asked."
    ),
    "Experiment.get_runs": Difference(
        "method (type=None, tags=None, properties=None, include_children=False, status=None)",
        "status is as in Run.list.",
    ),
    "RunDetails.__init__": Difference(
        "method (run_instance, *, refresh_seconds=10.0)", "How often it looks can be said."
    ),
    "Workspace.create": Difference(
        normalize(V1["Workspace.create"]).removesuffix(")") + ", *, description=None)",
        "get_details() has a description, which v1 can set by update() only.",
    ),
    "Workspace.list": Difference(
        "static (subscription_id=None, auth=None, resource_group=None)", "There is no subscription to name."
    ),
}


@pytest.mark.parametrize("member", sorted(V1))
def test_it_is_as_in_v1_or_listed_with_a_reason(member: str) -> None:
    theirs, ours = normalize(V1[member]), describe(member)
    if theirs == "attribute":  # a constructor sets it; here it may also be a property
        theirs = "settable property" if ours == "settable property" else "property"

    if member in DIFFERENCES:
        assert ours != theirs, "It is as in v1 now: take it out of the list."
        assert ours == DIFFERENCES[member].ours
    else:
        assert ours == theirs


@pytest.mark.parametrize("member", sorted(name for name, difference in DIFFERENCES.items() if difference.ours))
def test_where_a_signature_differs_calls_as_in_v1_are_taken(member: str) -> None:
    ours = to_parameters(str(DIFFERENCES[member].ours))
    theirs = [
        one
        for one in to_parameters(V1[member])
        if not one.name.startswith("_") and one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
    ]

    added = ours[len(theirs) :]

    assert [one.name for one in ours[: len(theirs)]] == [one.name for one in theirs]
    assert all(one.default is not one.empty or one.kind is one.VAR_KEYWORD for one in added)


def test_only_members_of_v1_are_listed_each_with_a_reason() -> None:
    assert set(DIFFERENCES) <= set(V1)
    assert all(difference.why for difference in DIFFERENCES.values())


def test_the_table_has_all_that_it_is_to_have() -> None:
    assert set(TABLE) == {
        *("Workspace", "Experiment", "Run", "ScriptRunConfig", "RunConfiguration", "Environment"),
        *("CondaDependencies", "Model", "RunDetails"),
    }
    assert {"Run.log", "Run.get_portal_url", "Model.deploy", "Workspace.compute_targets"} < set(V1)
