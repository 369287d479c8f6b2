"""The shell's face: ``python -m aml_widgets`` submits, lists, shows, follows and cancels runs. One module a command.

Starting it loads the standard library alone; the store and rich load when a command needs them.
"""
