"""How the run browser looks, and how it is used by who has no mouse, no eyes for it or another language."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import pytest
from playwright.sync_api import expect

from tests.e2e.seeded_runs import add_run

if TYPE_CHECKING:
    from tests.e2e.lab import LabServer
    from tests.e2e.seeded_runs import SeededWorkspace
    from tests.e2e.sidebar import Sidebar

OpenSidebar = Callable[..., "Sidebar"]
Theme = Literal["Light", "Dark", "Dark High Contrast"]
THEMES = (
    pytest.param("Light", marks=pytest.mark.long),
    "Dark",
    pytest.param("Dark High Contrast", marks=pytest.mark.long),
)


# -- widths and themes


@pytest.mark.parametrize("theme", THEMES)
def test_it_fits_every_width_in_every_theme(open_sidebar: OpenSidebar, few_runs: SeededWorkspace, theme: Theme) -> None:
    sidebar = open_sidebar(few_runs)
    sidebar.set_theme(theme)
    for width in (220, 400, 700):
        sidebar.resize(width)
        expect(sidebar.row("ridge two").locator(".jp-AmlRunBrowser-sparkline")).to_be_visible()
        # Nothing sticks out sideways.
        assert sidebar.panel.evaluate("(panel) => panel.scrollWidth <= panel.clientWidth")
        assert sidebar.grid.evaluate("(grid) => grid.scrollWidth <= grid.clientWidth")
        sidebar.row("ridge two").click()
        sidebar.row("ridge failed").click(modifiers=["Control"])
        name = f"{width}-{theme.lower().replace(' ', '-')}"
        sidebar.screenshot(f"looks-{name}", of=sidebar.panel)
        for page in ("Filters", "Order and columns"):
            sidebar.panel.get_by_role("button", name=page).click()
            assert sidebar.panel.evaluate("(panel) => panel.scrollWidth <= panel.clientWidth")
            sidebar.screenshot(f"looks-{name}-{page.split()[0].lower()}", of=sidebar.panel)
            sidebar.panel.get_by_role("button", name=page).click()


@pytest.mark.parametrize("theme", THEMES)
def test_its_texts_can_be_read_in_every_theme(
    open_sidebar: OpenSidebar, few_runs: SeededWorkspace, theme: Theme
) -> None:
    sidebar = open_sidebar(few_runs)
    sidebar.resize(400)
    sidebar.set_theme(theme)
    sidebar.panel.get_by_role("button", name="Filters").click()
    sidebar.panel.get_by_role("button", name="Completed", exact=True).click()
    sidebar.wait_until_read()
    sidebar.row("ridge two").click()
    with_keyboard = _contrasts(sidebar)
    sidebar.search_box.click()
    without = _contrasts(sidebar)

    assert {
        what: ratio for what, ratio in [*with_keyboard.items(), *without.items()] if ratio < 4.5
    } == {}  # WCAG 2.1, AA


def test_hostile_names_stay_in_their_lines(open_sidebar: OpenSidebar, hostile_runs: SeededWorkspace) -> None:
    sidebar = open_sidebar(hostile_runs)
    for width in (220, 700):
        sidebar.resize(width)
        sidebar.panel.get_by_role("button", name="Order and columns").click()
        tags = sidebar.panel.get_by_role("button", name="Tags", exact=True)
        if tags.get_attribute("aria-pressed") == "false":
            tags.click()
        sidebar.panel.get_by_role("button", name="Order and columns").click()
        sidebar.wait_until_read()
        heights = sidebar.rows.evaluate_all("(rows) => rows.map((row) => row.scrollHeight - row.clientHeight)")
        assert set(heights) == {0}
        sidebar.screenshot(f"looks-hostile-{width}", of=sidebar.panel)


def _contrasts(sidebar: Sidebar) -> dict[str, float]:
    """Give for each text of the panel the ratio of its lightness to that of its background."""
    found: dict[str, float] = sidebar.panel.evaluate(
        """(panel) => {
            const parse = (color) => (color.match(/[\\d.]+/g) ?? []).map(Number);
            const light = ([r, g, b]) => [r, g, b]
                .map((part) => part / 255)
                .map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
                .reduce((sum, part, place) => sum + part * [0.2126, 0.7152, 0.0722][place], 0);
            const ground = (node) => {
                for (let at = node; at !== null; at = at.parentElement) {
                    const color = parse(getComputedStyle(at).backgroundColor);
                    if (color.length === 3 || color[3] === 1) { return color; }
                }
                return [255, 255, 255];
            };
            const found = {};
            for (const node of panel.querySelectorAll('*')) {
                const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim() !== '');
                if (own && node.checkVisibility() && node.tagName !== 'OPTION' && node.closest('svg') === null) {
                    const behind = ground(node);
                    const color = parse(getComputedStyle(node).color);
                    const drawn = behind.slice(0, 3).map((part, place) => {
                        const cover = color[3] ?? 1;
                        return cover * color[place] + (1 - cover) * part;
                    });
                    const [one, other] = [light(drawn), light(behind)];
                    const what = `${node.closest('[class]').getAttribute('class')}: ${node.textContent}`;
                    found[what] = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
                }
            }
            return found;
        }"""
    )
    return found


# -- the keyboard


def test_the_keyboard_moves_chooses_and_searches(open_sidebar: OpenSidebar, few_runs: SeededWorkspace) -> None:
    sidebar = open_sidebar(few_runs)
    selected = sidebar.panel.locator(".jp-mod-selected .jp-AmlRunBrowser-name")
    sidebar.grid.focus()

    sidebar.page.keyboard.press("ArrowDown")
    sidebar.page.keyboard.press("ArrowDown")
    expect(selected).to_have_text(["forest one"])
    active = sidebar.grid.get_attribute("aria-activedescendant")
    expect(sidebar.page.locator(f"#{active}")).to_contain_text("forest one")

    sidebar.page.keyboard.press("Shift+ArrowDown")
    expect(selected).to_have_text(["forest one", "empty"])
    sidebar.page.keyboard.press("Control+a")
    expect(sidebar.foot).to_contain_text("7 selected")
    sidebar.page.keyboard.press("Escape")
    expect(selected).to_have_count(0)
    sidebar.page.keyboard.press("/")
    expect(sidebar.search_box).to_be_focused()


def test_the_keyboard_opens_the_context_menu_at_the_line(open_sidebar: OpenSidebar, few_runs: SeededWorkspace) -> None:
    sidebar = open_sidebar(few_runs)
    sidebar.row("ridge two").click()

    sidebar.page.keyboard.press("Shift+F10")

    menu_box = sidebar.page.locator(".lm-Menu").bounding_box()
    row_box = sidebar.row("ridge two").bounding_box()
    assert menu_box is not None
    assert row_box is not None
    assert abs(menu_box["y"] - (row_box["y"] + row_box["height"])) < 30
    expect(sidebar.menu_item("Copy Run ID")).to_be_visible()
    sidebar.screenshot("sidebar-menu")
    sidebar.close_menu()


def test_all_can_be_reached_by_tab_and_shows_that_it_has_the_keyboard(
    open_sidebar: OpenSidebar, few_runs: SeededWorkspace
) -> None:
    sidebar = open_sidebar(few_runs)
    page = sidebar.page
    sidebar.panel.get_by_role("button", name="Filters").focus()
    reached = []
    for place in range(7):
        if place > 0:
            page.keyboard.press("Tab")
        reached.append(
            page.evaluate(
                """() => {
                    const node = document.activeElement;
                    const look = () => {
                        const { outline, borderColor, boxShadow } = getComputedStyle(node);
                        return [outline, borderColor, boxShadow].join();
                    };
                    const focused = look();
                    node.blur();
                    const isSeen = focused !== look();
                    node.focus();
                    return [node.getAttribute('aria-label') ?? node.textContent, isSeen];
                }"""
            )
        )

    assert [name for name, _ in reached] == [
        "Filters",
        "Order and columns",
        "Ask again now",
        "Workspace",
        "All runs",
        "Search runs",
        "Runs",
    ]
    # What a script gave the focus shows it only where the keyboard was used before.
    assert all(is_seen for _, is_seen in reached[1:])

    sidebar.search_box.focus()
    page.keyboard.press("ArrowDown")
    expect(sidebar.grid).to_be_focused()
    page.keyboard.press("ArrowDown")
    sidebar.screenshot("looks-focus", of=sidebar.panel)


def test_experiments_open_and_close_by_keyboard(open_sidebar: OpenSidebar, few_runs: SeededWorkspace) -> None:
    sidebar = open_sidebar(few_runs)
    sidebar.choose_scope("Experiments")
    sidebar.grid.focus()
    sidebar.page.keyboard.press("ArrowDown")

    sidebar.page.keyboard.press("ArrowRight")
    expect(sidebar.row("forest")).to_have_attribute("aria-expanded", "true")
    expect(sidebar.row("sweep")).to_be_visible()
    sidebar.page.keyboard.press("ArrowDown")
    expect(sidebar.panel.locator(".jp-mod-active")).to_contain_text("sweep")
    sidebar.screenshot("looks-experiments", of=sidebar.panel)

    sidebar.page.keyboard.press("ArrowLeft")
    sidebar.page.keyboard.press("ArrowLeft")
    expect(sidebar.row("forest")).to_have_attribute("aria-expanded", "false")
    expect(sidebar.runs).to_have_count(0)


# -- a screen reader


def test_a_screen_reader_is_told_what_there_is(open_sidebar: OpenSidebar, few_runs: SeededWorkspace) -> None:
    sidebar = open_sidebar(few_runs)
    sidebar.resize(500)
    expect(sidebar.row("ridge two").locator(".jp-AmlRunBrowser-sparkline")).to_be_visible()
    sidebar.row("ridge two").click()

    expect(sidebar.panel).to_match_aria_snapshot(
        """
        - heading "Run Browser" [level=2]
        - toolbar "List of runs":
          - button "Filters"
          - button "Order and columns"
          - button "Ask again now"
        - combobox "Workspace"
        - radiogroup "What is listed":
          - radio "Experiments"
          - radio "All runs" [checked]
          - radio "Notebook"
        - searchbox "Search runs"
        - status
        - treegrid "Runs":
          - row /Name/:
            - columnheader "Name"
            - columnheader "loss"
            - columnheader "Last"
            - columnheader /Time/
          - row /sweep/
          - row /forest one/
          - row /empty/
          - row /ridge canceled/
          - row /ridge failed/
          - row /Completed ridge two ridge 0.55 .* ago/ [selected]
          - row /ridge one/
        """
    )


# -- other languages


def test_all_texts_can_be_translated(
    open_sidebar: OpenSidebar, browser_lab: LabServer, own_workspace: SeededWorkspace
) -> None:
    run = add_run(own_workspace.store, "(run)", experiment="(experiment)", losses=(0.5, 0.25))
    # JupyterLab then marks each text that went through its translation.
    with browser_lab.setting("translation-extension/plugin", {"displayStringsPrefix": True, "stringsPrefix": "¡"}):
        sidebar = open_sidebar(own_workspace)
        options = sidebar.panel.locator(".jp-AmlRunBrowser-workspaces option")
        workspaces = [*options.all_inner_texts(), *(str(folder) for folder in browser_lab.home.iterdir())]
        sidebar.panel.locator(".jp-AmlRunBrowser-tool").first.click()
        filters = _texts(sidebar)
        sidebar.panel.locator(".jp-AmlRunBrowser-tool").nth(1).click()
        others = _texts(sidebar)
        sidebar.row("(run)").click(button="right")
        entries = sidebar.page.locator(
            '.lm-Menu-item[data-command^="aml-widgets:"]:not(.lm-mod-hidden) .lm-Menu-itemLabel'
        )
        expect(entries.first).to_be_visible()
        menu = entries.all_inner_texts()
        sidebar.screenshot("looks-translated")
        sidebar.close_menu()

    assert len(filters) > 20
    # Other tests have opened workspaces elsewhere, which are told with their folders.
    opened = [entry.read_text(encoding="utf-8") for entry in (browser_lab.home / ".opened").glob("*")]
    given = {run.run_id, "(run)", "(experiment)", "loss", *workspaces, *opened}
    assert [text for text in [*filters, *others, *menu] if not text.startswith("¡") and text not in given] == []


def _texts(sidebar: Sidebar) -> list[str]:
    """Give all that is said in the panel, but names, numbers and signs."""
    found: list[str] = sidebar.panel.evaluate(
        """(panel) => {
            const said = [];
            for (const node of [panel, ...panel.querySelectorAll('*')]) {
                for (const name of ['aria-label', 'title', 'placeholder']) {
                    said.push(...(node.getAttribute(name) ?? '').split('\\n'));
                }
                said.push(...[...node.childNodes].filter((child) => child.nodeType === 3).map((child) => child.data));
            }
            return said;
        }"""
    )
    own = {sidebar_text.strip() for sidebar_text in found}
    return sorted(text for text in own if any(map(str.isalpha, text)))
