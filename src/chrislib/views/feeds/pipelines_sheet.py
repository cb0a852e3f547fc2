"""The sheet with all pipelines of the server: to look at, upload, export, delete."""

from PySide6.QtWidgets import QVBoxLayout, QWidget

from chrislib.views.context import ViewContext
from chrislib.views.feeds.pipeline_acts import PipelineActs
from chrislib.views.feeds.pipeline_browser import PipelineBrowser
from chrislib.views.widgets.sheet import Sheet


class PipelinesSheet(Sheet):
    """Pipelines, without a node to run them after."""

    def __init__(self, window: QWidget, context: ViewContext) -> None:
        super().__init__(
            window,
            context.theme,
            "Pipelines",
            f"On {context.session.host}" if context.session.host else "",
            width=1000,
        )
        self.browser = PipelineBrowser(context, PipelineActs(context, self))
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.browser)
        self.body.addWidget(page)
        self.cancel_button.hide()
        self.next_button.setText("Close")
        self.next_pressed.connect(self.accept)
        self.set_note(
            "A pipeline is run from a node's menu, or as a feed's first step."
        )

    def open(self) -> None:
        """Show the sheet with the focus in the search."""
        super().open()
        self.browser.begin()

    def done(self, result: int) -> None:
        """Close and drop what runs."""
        self.browser.shutdown()
        super().done(result)
