"""How a script becomes a run.

* `configuration`: what the user says, checked; `snapshot`: the copy of the sources;
* `submission`: what is handed over, and the folder where a run works;
* `engines`: who takes it over, at once or from a queue; `supervision`: the process that carries it out;
* `environments`: the Python that it runs with.
"""
