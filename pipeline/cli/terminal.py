"""Console whose output never contains control codes of other people's text."""

from collections.abc import Iterable, Iterator

from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderableType, RenderHook
from rich.segment import Segment

from ..io.escaping import for_terminal


class _Escaped:
    """A renderable whose text is escaped after it has been laid out."""

    def __init__(self, renderable: RenderableType) -> None:
        self.renderable = renderable

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        for segment in console.render(self.renderable, options):
            text = segment.text if segment.control else for_terminal(segment.text)
            yield Segment(text, segment.style, segment.control)


class _Escape(RenderHook):
    def process_renderables(
        self, renderables: Iterable[ConsoleRenderable]
    ) -> list[ConsoleRenderable]:
        return [_Escaped(one) for one in renderables]


def open_console(*, stderr: bool = False, soft_wrap: bool = False) -> Console:
    """Return a console that shows text as it is, and control codes in it as visible escapes.

    Names such as `clip [id].mp4` and `a:cat:.mp4` are not markup.
    """
    console = Console(stderr=stderr, soft_wrap=soft_wrap, markup=False, emoji=False)
    console.push_render_hook(_Escape())
    return console
