"""Pictures that were logged under one name: the newest, and a slider over all of them."""

from __future__ import annotations

from aml_widgets.core.errors import AmlWidgetsError
from aml_widgets.widgets.panels import icons
from aml_widgets.widgets.panels.card_parts import (
    CardBox,
    action_html,
    file_chunks,
    head_html,
    is_pinned,
    pin_html,
    slide_html,
    trouble_html,
)
from aml_widgets.widgets.panels.host import Host
from aml_widgets.widgets.panels.parts import markup, set_markup
from aml_widgets.widgets.panels.versions import Version, Versions
from aml_widgets.widgets.picture_files import (
    MAX_READ_BYTES,
    ShownPicture,
    WrongPicture,
    show_picture,
    sniff_media_type,
)
from aml_widgets.widgets.text import clock_text, escape, name_text, shorten, size_text, time_text
from aml_widgets.widgets.view_state import MetricState, ViewState


class ImageCard:
    """One picture at a time.

    Parameters
    ----------
    host : Host
        The view.
    card_id : str
        The card's name on the page.
    """

    def __init__(self, host: Host, card_id: str) -> None:
        self._host = host
        self._card_id = card_id
        self._versions = Versions(host)
        self._metric: MetricState | None = None
        self._version: Version | None = None
        self._shown_path: str | None = None
        self._note = ""
        self._is_missing = False
        self._is_pinned = False
        self._head = markup("aml-card-head")
        self._picture = markup("aml-picture-place")
        self._slider = markup("aml-card-controls")
        self._foot = markup("aml-card-foot")
        self._box = CardBox(host, card_id, self._answer, [self._head, self._picture, self._slider, self._foot])
        self.widget = self._box.widget

    def draw(self, metric: MetricState, state: ViewState) -> None:
        """Show a picture of a metric."""
        path = self._version.path if self._version else None
        is_there_now = self._is_missing and path in state.artifacts
        is_pinned_now = is_pinned(self._host, metric.name)
        if metric is self._metric and not is_there_now and is_pinned_now == self._is_pinned:
            return
        self._is_pinned = is_pinned_now
        if self._metric is None or self._metric.name != metric.name:
            self._versions, self._shown_path = Versions(self._host), None
        self._metric = metric
        self._draw()

    def close(self) -> None:
        """Free the card's widgets. May be called twice."""
        self._box.close()

    @property
    def takes_row(self) -> bool:
        """Whether it lies across the whole grid."""
        return self._box.takes_row

    def _answer(self, action: str, value: str) -> None:
        version = self._version
        if version is None:
            return
        if action == "file" and version.path is not None:
            head = self._host.read_artifact(version.path, 0, 16)
            media_type = sniff_media_type(head) or "application/octet-stream"
            self._host.page.send_file(
                version.path.rpartition("/")[2], media_type, file_chunks(self._host, version.path)
            )
            return
        if action == "slide":
            self._versions.go_to(round(float(value)) - 1, version.total)
        self._draw()

    def _draw(self) -> None:
        metric = self._metric
        if metric is None:
            return
        try:
            version = self._version = self._versions.find(metric)
        except AmlWidgetsError as error:
            self._say(metric, "These pictures cannot be read now", error.message, None)
            return
        shown = f"{version.place + 1:,} of {version.total:,}"
        slider = slide_html(self._card_id, "slide", "Picture", version.place + 1, version.total, shown)
        set_markup(self._slider, f'<div class="aml-card-bar">{slider}</div>' if version.total > 1 else "")
        self._show(metric, version)

    def _show(self, metric: MetricState, version: Version) -> None:
        path = version.path
        if path is not None and path == self._shown_path:
            self._write_head(metric, has_file=True)
            set_markup(self._foot, _foot_html(version, self._note))
            return
        self._shown_path = None
        try:
            picture = self._read(path)
        except AmlWidgetsError as error:
            self._is_missing = True  # it may come
            self._say(metric, "This picture cannot be shown", error.message, path)
            return
        except WrongPicture as error:
            self._is_missing = False
            self._say(metric, "This picture cannot be shown", str(error), path)
            return
        self._is_missing = False
        self._shown_path, self._note = path, picture.note
        self._write_head(metric, has_file=True)
        set_markup(self._picture, _picture_html(picture, metric, version, self._card_id))
        set_markup(self._foot, _foot_html(version, picture.note))

    def _write_head(self, metric: MetricState, *, has_file: bool) -> None:
        tools = pin_html(self._host, self._card_id, metric.name)
        if has_file:
            tools += action_html(self._card_id, "file", "Save the picture", icon=icons.SAVE)
        self._head.value = head_html(metric.name, "", tools)

    def _read(self, path: str | None) -> ShownPicture:
        if path is None:
            raise WrongPicture("What was logged is no path of a file.")
        size = self._host.store.artifacts.size(self._host.run_id, path)
        if size is not None and size > MAX_READ_BYTES:
            raise WrongPicture(f"The file has {size_text(size)}, which is too much to show.")
        return show_picture(self._host.read_artifact(path, 0, MAX_READ_BYTES))

    def _say(self, metric: MetricState, what: str, why: str, path: str | None) -> None:
        self._shown_path = None
        self._write_head(metric, has_file=path is not None and not self._is_missing)
        set_markup(self._picture, trouble_html(what, why, path))
        set_markup(self._foot, "")


def _picture_html(picture: ShownPicture, metric: MetricState, version: Version, card_id: str) -> str:
    name = name_text(metric.name, 120)
    # Not of how many: that changes, and the picture would be sent again.
    place = f", number {version.place + 1:,}" if version.total > 1 else ""
    alternative = f"Picture {name}{place}"
    return (
        f'<button type="button" class="aml-picture" data-aml-local="picture-open" data-aml-key="picture {escape(card_id)}" '
        f'data-aml-caption="{escape(name + place)}" title="Show it large">'
        f'<img src="{picture.source}" width="{picture.width}" height="{picture.height}" alt="{escape(alternative)}"></button>'
    )


def _foot_html(version: Version, note: str) -> str:
    facts = []
    if version.step is not None:
        facts.append(f'<span class="aml-number">step {version.step}</span>')
    if version.logged_at is not None:
        at = version.logged_at
        facts.append(f'<span title="{escape(time_text(at))}">{escape(clock_text(at))}</span>')
    if version.path is not None:
        file = version.path.rpartition("/")[2]
        facts.append(f'<code title="{escape(shorten(version.path, 400))}">{escape(shorten(file, 80))}</code>')
    if note:
        facts.append(escape(note))
    return f'<div class="aml-note aml-facts-line">{"".join(f"<span>{fact}</span>" for fact in facts)}</div>'
