"""What is known of a run beside its numbers, as groups of names and texts. Pure values: nothing is drawn here."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from aml_widgets.core.records import RunRecord
from aml_widgets.core.text import duration_text, natural_key, time_text
from aml_widgets.submit.submission import RUN_DEFINITION
from aml_widgets.tracking import provenance
from aml_widgets.tracking.run_details import REPORTED_ERROR, find_warnings, read_definition

_GIT_PREFIXES = ("azureml.git.", "mlflow.source.git.")
_GIT_LABELS = {
    "azureml.git.commit": "Commit",
    "azureml.git.branch": "Branch",
    "azureml.git.dirty": "Uncommitted changes",
    "azureml.git.repository_uri": "Repository",
}
_GIT_TWINS = {
    "mlflow.source.git.commit": "azureml.git.commit",
    "mlflow.source.git.branch": "azureml.git.branch",
    "mlflow.source.git.repoURL": "azureml.git.repository_uri",
}
_RUN_PROPERTIES = {
    provenance.HOST: "Host",
    provenance.USER: "User",
    provenance.PID: "Process",
    provenance.NOTEBOOK_PATH: "Notebook",
    provenance.CELL_ID: "Notebook cell",
}
_ELSEWHERE = {
    provenance.PYTHON_VERSION,
    provenance.PLATFORM,
    provenance.PACKAGES,
    provenance.COMMAND_LINE,
    provenance.WORKING_DIRECTORY,
    provenance.SNAPSHOT_ID,
    provenance.SNAPSHOT_SKIPPED,
    REPORTED_ERROR,
}
_UNNAMED = "Argument"
_YES = {"True": "yes", "False": "no"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One row: its label, the text (None: a tag without a value), and a run that it leads to."""

    label: str
    text: str | None
    run_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FactGroup:
    """Facts that belong together; `note` is said where there are none."""

    key: str
    title: str
    facts: tuple[Fact, ...]
    note: str = ""
    is_open: bool = True


def find_parameters(run: RunRecord) -> dict[str, str]:
    """Give what a run was told, by name: the parameters that were logged to it, and the arguments of its script, submitted or called by hand.

    What was logged goes before an argument of the same name. Arguments without a name are numbered. Where one is given twice, its
    values stand in one text in the order given.
    """
    definition = read_definition(run) or {}
    arguments = definition.get("arguments")
    if isinstance(arguments, list):
        pairs = _pair([str(word) for word in arguments])
    else:
        line = definition.get("command") or run.properties.get(provenance.COMMAND_LINE, "")
        words = shlex.join(map(str, line)) if isinstance(line, list) else str(line)
        pairs = script_arguments(words)[1:]  # without the script itself
    parameters: dict[str, str] = {}
    place = 0
    for label, text in pairs:
        name = label.lstrip("-")
        if label == _UNNAMED:
            place += 1
            name = f"{_UNNAMED} {place}"
        parameters[name] = f"{parameters[name]} {text}" if name in parameters else text
    return {**run.params, **{name: text for name, text in parameters.items() if name not in run.params}}


def groups_of(run: RunRecord) -> list[FactGroup]:
    """Sort all that is known of a run into groups; each property is in one of them."""
    groups = [FactGroup(key="run", title="Run", facts=tuple(_run_facts(run)))]
    if run.params:
        groups.append(FactGroup(key="parameters", title="Parameters", facts=_rows(run.params)))
    groups.append(FactGroup(key="tags", title="Tags", facts=_rows(run.tags), note="This run has no tags."))
    git = tuple(_git_facts(run.properties))
    if git:
        groups.append(FactGroup(key="git", title="Git", facts=git))
    definition = read_definition(run)
    if definition is not None:
        groups.append(FactGroup(key="script", title="Script", facts=tuple(_script_facts(definition))))
    command = tuple(_command_facts(run.properties))
    if command:
        groups.append(FactGroup(key="command", title="Command", facts=command))
    environment = tuple(_environment_facts(run.properties))
    if environment:
        groups.append(FactGroup(key="environment", title="Environment", facts=environment))
    packages = packages_of(run.properties)
    if packages:
        groups.append(FactGroup(key="packages", title="Packages", facts=_rows(packages), is_open=False))
    others = {key: text for key, text in run.properties.items() if not _is_elsewhere(key, run.properties)}
    if definition is not None:
        others.pop(RUN_DEFINITION)
    groups.append(
        FactGroup(key="properties", title="Properties", facts=_rows(others), note="This run has no other properties.")
    )
    return groups


def packages_of(properties: Mapping[str, str]) -> dict[str, str]:
    """Read the versions of packages; empty where there are none, or they are not as we wrote them."""
    try:
        packages = json.loads(properties.get(provenance.PACKAGES, ""))
    except (ValueError, RecursionError):
        return {}
    if not isinstance(packages, dict) or not all(isinstance(version, str) for version in packages.values()):
        return {}
    return packages


def _run_facts(run: RunRecord) -> list[Fact]:
    times = [("Created", run.created_at), ("Started", run.started_at), ("Ended", run.ended_at)]
    facts = [
        Fact(label="Id", text=run.run_id),
        Fact(label="Number", text=str(run.number) if run.number else None),
        Fact(label="Name", text=run.display_name),
        Fact(label="Description", text=run.description),
        Fact(label="Status", text=run.status.value),
        Fact(label="Type", text=run.run_type),
        Fact(label="Experiment", text=run.experiment_name),
        Fact(label="Target", text=run.target),
        Fact(label="Parent run", text=run.parent_run_id, run_id=run.parent_run_id),
    ]
    if run.root_run_id and run.root_run_id not in (run.run_id, run.parent_run_id):
        facts.append(Fact(label="Root run", text=run.root_run_id, run_id=run.root_run_id))
    facts += [Fact(label=label, text=time_text(at) if at is not None else None) for label, at in times]
    if run.started_at is not None and run.ended_at is not None:
        facts.append(Fact(label="Duration", text=duration_text(run.ended_at - run.started_at)))
    facts += [Fact(label=label, text=run.properties.get(key)) for key, label in _RUN_PROPERTIES.items()]
    writer = run.writer
    if writer is not None:
        if provenance.HOST not in run.properties:
            facts.append(Fact(label="Host", text=writer.host))
        if run.properties.get(provenance.PID) != str(writer.pid):
            facts.append(Fact(label="Writing process", text=str(writer.pid)))
    facts += [Fact(label="Reported by the script", text=text) for text in find_warnings(run)]
    return [fact for fact in facts if fact.text]


def _script_facts(definition: Mapping[str, object]) -> list[Fact]:
    """Say what was submitted: the script with its arguments or the command, where it runs, and in which environment."""
    facts = [Fact(label="Script", text=_as_text(definition.get("script")))]
    arguments = definition.get("arguments")
    if isinstance(arguments, list):
        facts += [Fact(label=label, text=text) for label, text in _pair([str(word) for word in arguments])]
    facts += [
        Fact(label="Command", text=_as_text(definition.get("command"))),
        Fact(label="Target", text=_as_text(definition.get("target"))),
    ]
    environment = definition.get("environment")
    if isinstance(environment, dict):
        facts.append(Fact(label="Environment", text=_as_text(environment.get("name"))))
        python = environment.get("python")
        if isinstance(python, dict):
            facts += _python_facts(python)
    variables = definition.get("environmentVariables")
    if isinstance(variables, dict) and variables:  # their values may be secret
        facts.append(Fact(label="Environment variables", text=", ".join(sorted(map(str, variables)))))
    return [fact for fact in facts if fact.text is not None]


def _python_facts(python: Mapping[str, object]) -> list[Fact]:
    if python.get("userManagedDependencies"):
        return [Fact(label="Interpreter", text=_as_text(python.get("interpreterPath")))]
    dependencies = python.get("condaDependencies")
    if not isinstance(dependencies, dict):
        return []
    return [Fact(label="Dependencies", text=json.dumps(dependencies.get("dependencies"), ensure_ascii=False))]


def _as_text(value: object) -> str | None:
    """Give a part of a run definition as text; None where it is absent or empty."""
    if value is None or value in ("", [], {}):
        return None
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _git_facts(properties: Mapping[str, str]) -> list[Fact]:
    facts = [
        Fact(
            label=label,
            text=_YES.get(properties[key], properties[key]) if key == "azureml.git.dirty" else properties[key],
        )
        for key, label in _GIT_LABELS.items()
        if key in properties
    ]
    others = sorted(key for key in properties if key.startswith(_GIT_PREFIXES) and key not in _GIT_LABELS)
    return facts + [Fact(label=key, text=properties[key]) for key in others if not _is_twin(key, properties)]


def _is_twin(key: str, properties: Mapping[str, str]) -> bool:
    """Whether a property only says again, under MLflow's name, what another one says."""
    return key in _GIT_TWINS and properties.get(_GIT_TWINS[key]) == properties[key]


def _command_facts(properties: Mapping[str, str]) -> list[Fact]:
    line = properties.get(provenance.COMMAND_LINE)
    facts = []
    if line:
        facts.append(Fact(label="Command line", text=line))
        facts += [Fact(label=label, text=text) for label, text in script_arguments(line)]
    if provenance.WORKING_DIRECTORY in properties:
        facts.append(Fact(label="Working directory", text=properties[provenance.WORKING_DIRECTORY]))
    return facts


def script_arguments(command_line: str) -> list[tuple[str, str]]:
    """Give the script of a command line and its arguments, in pairs to read; nothing for a notebook's kernel."""
    try:
        words = shlex.split(command_line)[1:]
    except ValueError:
        return []
    place = next((place for place, word in enumerate(words) if word.endswith((".py", ".ipynb"))), None)
    if place is None or "ipykernel" in words[place]:
        return []
    return [("Script", words[place]), *_pair(words[place + 1 :])]


def _pair(rest: list[str]) -> list[tuple[str, str]]:
    """Give the arguments of a script as names and values; those without a name are called arguments."""
    pairs: list[tuple[str, str]] = []
    while rest:
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        if word.startswith("-") and equals:
            pairs.append((name, value))
        elif word.startswith("-") and rest and not _is_option(rest[0]):
            pairs.append((word, rest.pop(0)))
        else:
            pairs.append((word, "") if word.startswith("-") else (_UNNAMED, word))
    return pairs


def _is_option(word: str) -> bool:
    try:
        float(word)  # a negative number is a value
    except ValueError:
        return word.startswith("-")
    return False


def _environment_facts(properties: Mapping[str, str]) -> list[Fact]:
    labels = {provenance.PYTHON_VERSION: "Python", provenance.PLATFORM: "Platform"}
    facts = [Fact(label=label, text=properties[key]) for key, label in labels.items() if key in properties]
    if provenance.PACKAGES in properties and not packages_of(properties) and properties[provenance.PACKAGES] != "{}":
        facts.append(Fact(label="Packages", text=properties[provenance.PACKAGES]))
    return facts


def _is_elsewhere(key: str, properties: Mapping[str, str]) -> bool:
    return (
        key in _ELSEWHERE
        or key in _RUN_PROPERTIES
        or key in _GIT_LABELS
        or _is_twin(key, properties)
        or key.startswith(_GIT_PREFIXES)
    )


def _rows(texts: Mapping[str, str | None]) -> tuple[Fact, ...]:
    return tuple(Fact(label=key, text=texts[key]) for key in sorted(texts, key=lambda key: (natural_key(key), key)))
