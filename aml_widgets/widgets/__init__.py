"""The live view of a run in a notebook cell, made of ipywidgets and bqplot and driven by the kernel."""
