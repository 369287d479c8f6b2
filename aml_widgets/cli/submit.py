"""``submit``: a script becomes a run."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from aml_widgets.cli import json_output, targets
from aml_widgets.cli.shell import EXIT_FINE, Shell

if TYPE_CHECKING:
    from aml_widgets.submit.configuration.environment import Environment
    from aml_widgets.tracking.run import Run
    from aml_widgets.tracking.workspace import Workspace

NAME = "submit"
SUMMARY = "run a script as a run that outlives this shell"
DESCRIPTION = (
    "Copy a folder of sources and run a script in the copy, as a run that outlives this shell. The command prints the run's id\n"
    "and returns at once. What stands after the script is given to it; options of this command stand before it."
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("--experiment", metavar="NAME", required=True, help="the experiment; made where there is none")
    parser.add_argument(
        "--target", metavar="TARGET", default="local", help="the compute target (local); `targets` lists them"
    )
    parser.add_argument("--name", metavar="DISPLAY", help="what to call the run")
    parser.add_argument(
        "--tag",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        type=_to_tag,
        help="a tag; may be given several times",
    )
    parser.add_argument(
        "--source",
        metavar="DIR",
        help="the folder to copy; without it the current one, or the script's own where the script lies elsewhere",
    )
    interpreter = parser.add_mutually_exclusive_group()
    interpreter.add_argument("--python", metavar="PATH", help="the Python to run the script with; without it this one")
    interpreter.add_argument(
        "--requirements",
        metavar="FILE",
        help="make an environment of these pip requirements, once, and run the script in it",
    )
    waiting = parser.add_mutually_exclusive_group()
    waiting.add_argument(
        "--follow", action="store_true", help="print the run's log until it has ended; exit with 1 if it failed"
    )
    waiting.add_argument("--wait", action="store_true", help="wait until the run has ended; exit with 1 if it failed")
    # argparse takes a "--" behind a positional for its own, unless script and arguments are one; this is how it reads subcommands.
    parser.add_argument(
        "words",
        metavar="script.py",
        nargs=argparse.PARSER,
        help="the script, from here or from DIR, and what it is given",
    )


def run(options: argparse.Namespace, shell: Shell) -> int:
    """Submit a script."""
    from aml_widgets.submit.configuration.script_run_config import ScriptRunConfig
    from aml_widgets.tracking import facts
    from aml_widgets.tracking.experiment import Experiment, check_experiment_name

    targets.refuse_missing(options.target, shell)
    given_script, *arguments = options.words[1:] if options.words[0] == "--" else options.words
    folder, script = find_sources(given_script, options.source)
    config = ScriptRunConfig(
        source_directory=str(folder),
        script=script,
        arguments=arguments,
        compute_target=options.target,
        environment=_make_environment(options),
    )
    config.resolve()  # what is wrong shows before a workspace or an experiment is made for it
    check_experiment_name(options.experiment)
    tags = facts.to_tags(dict(options.tag))
    display_name = facts.to_text_or_none("display_name", options.name)
    workspace = shell.open_workspace(create=True)
    submitted = Experiment(workspace, options.experiment).submit(config, tags=tags)
    if display_name is not None:
        submitted.display_name = display_name
    return _go_on(submitted, workspace, options, shell)


def find_sources(script: str, source: str | None) -> tuple[Path, str]:
    """Give the folder to copy, and the script's path in it.

    A script is looked for below the folder first; where it is not there and the path leads below the folder from here, that is meant.
    """
    from_here = Path(os.path.abspath(script))  # noqa: PTH100 - resolve() would follow a link out of the folder
    folder = Path(os.path.abspath("." if source is None else source))  # noqa: PTH100
    if source is not None and (folder / script).exists() and not Path(script).is_absolute():
        return folder, script
    if from_here.is_relative_to(folder):
        return folder, from_here.relative_to(folder).as_posix()
    if source is None:
        return from_here.parent, from_here.name
    return folder, script


def _make_environment(options: argparse.Namespace) -> Environment | None:
    """Give what the script is run with; None for the Python that runs this program."""
    from aml_widgets.submit.configuration.environment import Environment
    from aml_widgets.submit.environments.interpreters import find_named_interpreter

    if options.requirements is not None:
        return Environment.from_pip_requirements("command-line", options.requirements)
    if options.python is None:
        return None
    interpreter: str = options.python
    if Path(interpreter).name != interpreter:  # a path from here, which the script's folder is not
        interpreter = os.path.abspath(Path(interpreter).expanduser())  # noqa: PTH100 - a virtual environment's is a link
    find_named_interpreter(
        interpreter, f"Give --python a Python that is there, such as {sys.executable!r}, or leave it out for that one."
    )
    environment = Environment("command-line")
    environment.python.user_managed_dependencies = True
    environment.python.interpreter_path = interpreter
    return environment


def _go_on(submitted: Run, workspace: Workspace, options: argparse.Namespace, shell: Shell) -> int:
    from aml_widgets.cli.following import JsonWriter, LogFollower, PlainWriter, tell_end, wait_for_end

    run_id = submitted.id
    if shell.is_json:
        json_output.write_line(json_output.run_reply(workspace.store.get_run(run_id)))
    elif options.follow:
        shell.say(f"run {run_id} is submitted")  # what is printed is the script's output alone
    else:
        print(run_id, flush=True)  # noqa: T201 - a program prints
    if not options.follow and not options.wait:
        shell.say(
            f"submitted. `{shell.command('logs', '-f', run_id)}` follows it, `{shell.command('show', run_id)}` shows it, "
            f"`{shell.command('cancel', run_id)}` ends it."
        )
        return EXIT_FINE
    follower = None
    if options.follow:
        writer = JsonWriter(run_id) if shell.is_json else PlainWriter(is_titled=True)
        follower = LogFollower(workspace.store, run_id, writer)
    return tell_end(wait_for_end(workspace, run_id, shell, follower), shell)


def _to_tag(text: str) -> tuple[str, str | None]:
    key, equals, value = text.partition("=")
    if not key:
        raise argparse.ArgumentTypeError(f"{text!r} has no key; write KEY=VALUE, or KEY for a tag without a value")
    return key, value if equals else None
