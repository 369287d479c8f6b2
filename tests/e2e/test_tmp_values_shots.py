
from tests.e2e.conftest import OpenNotebook
from tests.e2e.test_view_values import open_view

def test_shots(open_notebook: OpenNotebook) -> None:
    for name, source in (("docs", "run = run_with_documents(store); view = show(run)"), ("large", "run = run_with_large_documents(store); view = show(run)")):
        notebook, view = open_view(open_notebook, source)
        page = notebook.page
        page.wait_for_timeout(1500)
        if name == "docs":
            notebook.screenshot(f"{name}-now", of=view)
            notebook.set_theme("Dark High Contrast")
            page.wait_for_timeout(300)
            notebook.screenshot(f"{name}-contrast", of=view)
            notebook.set_theme("Light")
            page.evaluate("() => { document.body.style.zoom = 2 }")
            page.wait_for_timeout(800)
            notebook.screenshot(f"{name}-zoom200", of=view)
            page.evaluate("() => { document.body.style.zoom = 1 }")
        else:
            notebook.screenshot(f"{name}-now", of=view)
            page.set_viewport_size({"width": 480, "height": 4600})
            page.evaluate("() => window.jupyterapp.commands.execute('application:toggle-left-area')")
            page.wait_for_timeout(1200)
            notebook.screenshot(f"{name}-narrow", of=view)
