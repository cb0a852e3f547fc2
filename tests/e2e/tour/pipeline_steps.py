"""The part of the story about Add node to its end, and pipelines."""

from tests.e2e.tour.create_steps import CreateSteps
from tests.e2e.tour.part import Steps

_PATIENT = "CL-1001"
_SERIES = "Ax T1"
_TITLE = "Pipelines tried"
_NAME = "Convert and copy"
_FILE = """\
name: {name}
authors: N. Body
category: MRI
description: NIfTI of the series, and a copy of that.
plugin_tree:
- title: convert
  plugin: pl-dcm2niix v{version}
  previous: ~
  plugin_parameter_defaults:
    f: tour_%s
- title: copy
  plugin: pl-simpledsapp v2.1.3
  previous: {above}
  plugin_parameter_defaults:
    prefix: copy_
"""


class PipelineSteps(CreateSteps):
    """What a person adds to a feed, one node or many."""

    def pipeline_steps(self) -> Steps:
        """Return what is played of it."""
        return (
            ("Make a feed to add to", self.feed_to_add_to),
            ("Look at a plugin, and at limits out of bounds", self.look_at_plugin),
            ("A file with a pipeline whose mistakes are named", self.bad_file),
            ("Its pipeline, once it is mended", self.good_file),
            ("Run it after the data", self.run_pipeline),
            ("Jobs shows how far it is", self.pipeline_in_jobs),
            ("Values of an earlier run", self.earlier_run),
            ("A branch becomes a pipeline", self.branch_to_pipeline),
        )

    def feed_to_add_to(self) -> None:
        """Tick a series and make a feed of it."""
        self._go("PACS Lookup")
        self._clear_tray()
        self._ask(f"id: {_PATIENT}")
        row = self._screen.wait(contains=_SERIES, role="table cell", seconds=40)
        self._screen.click(row)
        self._screen.key("t")
        self._screen.wait(contains="1 item", role="label")
        self._screen.press("Create feed", role="push button")
        self._screen.fill(self._screen.wait("Title", role="text"), _TITLE)
        self._screen.press(id="next", role="push button")
        self._screen.gone(id="next", role="push button", seconds=60)
        self._go_module("Feeds")
        row = self._screen.wait(contains=_TITLE, role="list item", seconds=120)
        self._screen.click(row)
        self._screen.wait(contains="pl-dircopy", id="name", role="label", seconds=60)
        self._screen.wait("Ready", id="state", seconds=120)

    def look_at_plugin(self) -> None:
        """See what a plugin is; a limit that is too small is refused."""
        self._add_node("pl-dcm2niix")
        self._screen.wait("From an earlier run", role="push button", seconds=30)
        self._screen.settle()
        self._report.picture("add-values")
        self._screen.press("Back", role="push button")
        self._screen.wait(contains="Parameters (", role="label", seconds=30)
        self._screen.settle()
        self._report.picture("add-plugin-facts")
        self._screen.press("README", role="check box")
        self._screen.wait("Not read yet", role="label")
        self._screen.settle()
        self._report.picture("add-plugin-readme")
        self._screen.press("About", role="check box")
        self._next_until("Add node")
        self._screen.press("Compute and limits", role="push button")
        self._screen.fill(self._screen.wait("Memory", role="text"), "10 MiB")
        self._screen.press("Next", role="push button")
        self._screen.wait(contains="is too little", role="label")
        self._report.picture("add-limits-refused")
        self._screen.press("Cancel", role="push button")
        self._screen.gone(id="next", role="push button")

    def bad_file(self) -> None:
        """Upload a file that names a version and a node that are not there."""
        file = self._results.parent / "tour-pipeline.yml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(_FILE.format(name=_NAME, version="9.9.9", above="convert"))
        self._pipelines()
        self._report.picture("pipelines-none")
        self._screen.press("Upload a file", role="push button")
        self._choose_in_dialog(file)
        self._screen.wait(
            contains="Line 6, node “convert”: This server has no", seconds=30
        )
        self._screen.settle()
        self._report.picture("pipeline-mistakes")
        self._screen.key("Escape")
        self._screen.gone(contains="Line 6, node")

    def good_file(self) -> None:
        """Upload it again; the list shows it with its tree."""
        file = self._results.parent / "tour-pipeline.yml"
        file.write_text(_FILE.format(name=_NAME, version="1.0.1", above="convert"))
        self._screen.press("Upload a file", role="push button")
        self._choose_in_dialog(file)
        self._screen.press("Make pipeline", role="push button", seconds=30)
        self._screen.wait(contains=_NAME, role="list item", seconds=30)
        self._screen.gone(name="Make pipeline", role="push button")
        self._screen.settle()
        self._report.picture("pipelines")

    def run_pipeline(self) -> None:
        """Go through its nodes and run it; the feed has three nodes then."""
        self._screen.press("Next", role="push button")
        self._screen.wait("Tree of the pipeline", seconds=30)
        self._screen.settle()
        self._report.picture("pipeline-values")
        self._next_until("Run pipeline")
        self._report.picture("pipeline-review")
        self._screen.press(id="next", role="push button")
        self._screen.gone(id="next", role="push button", seconds=60)
        self._screen.wait(
            contains=_TITLE,
            role="list item",
            seconds=60,
            which=lambda spot: "3 nodes" in spot.name,
        )

    def pipeline_in_jobs(self) -> None:
        """Look at the jobs: the pipeline is one of them."""
        self._screen.key("ctrl+j")
        self._screen.wait(contains=_NAME, seconds=60)
        self._screen.settle()
        self._report.picture("pipeline-jobs")
        self._screen.key("Escape")
        self._screen.wait(contains=_TITLE, role="list item", seconds=60)

    def earlier_run(self) -> None:
        """Fill in what the pipeline's node was given."""
        self._add_node("pl-dcm2niix")
        self._screen.press("From an earlier run", role="push button", seconds=30)
        self._screen.wait(contains="convert, feed", seconds=30)
        self._screen.settle()
        self._report.picture("add-earlier-runs")
        self._screen.press("Fill in", role="push button")
        self._screen.wait(
            "Command line",
            role="text",
            which=lambda spot: "tour_%s" in spot.text,
            seconds=30,
        )
        self._report.picture("add-filled-in")
        self._screen.press("Cancel", role="push button")
        self._screen.gone(id="next", role="push button")

    def branch_to_pipeline(self) -> None:
        """Make a pipeline of the nodes that were run."""
        self._screen.press("List", role="check box")
        row = self._screen.wait(contains="pl-dcm2niix", role="table cell", seconds=30)
        self._screen.click(row)
        self._screen.wait(contains="pl-dcm2niix", id="name", role="label", seconds=30)
        self._screen.click(row, button=3)
        self._screen.settle()
        # popup menus are not in the accessible tree: the keys a person has
        self._screen.key("Down", "Down", "Down", "Return")
        name = self._screen.wait("Name", role="text", seconds=30)
        self._screen.fill(name, "Of a branch")
        self._screen.settle()
        self._report.picture("pipeline-of-branch")
        self._screen.press("Make pipeline", role="push button")
        self._screen.gone(name="Make pipeline", role="push button", seconds=30)
        self._screen.press("Graph", role="check box")

    def _pipelines(self) -> None:
        """Open Add node at its pipelines."""
        self._screen.press("Add node", role="push button")
        self._screen.press("Pipelines", role="check box")
        self._screen.wait("Search pipelines", role="text")
        self._screen.settle()
