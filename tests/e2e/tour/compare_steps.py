"""The part of the story about one patient over time: timeline, compare, survey."""

from tests.e2e.tour.part import Part, Steps

INFANT = "CL-1011"
NAME = "Fernhollow, Baby of Iris"
SERIES = ("Sag T1 MPRAGE", "Ax T2 TSE", "Ax FLAIR")
STUDY = "Aug 2026"
AGES = ("3 m", "12 d")


class CompareSteps(Part):
    """What a person does who follows a patient from scan to scan."""

    def compare_steps(self) -> Steps:
        """Return what is played of it."""
        return (
            ("Pull both studies of an infant", self.pull_infant),
            ("Patients: studies on a line of time", self.see_timeline),
            ("Two series side by side", self.compare_two),
            ("All series of a study side by side", self.survey_study),
        )

    def pull_infant(self) -> None:
        """Look a patient up and pull everything there is."""
        self._go("Overview")
        self._screen.fill(self._screen.wait("Patient ID", role="text"), INFANT)
        self._screen.press("Search", role="push button")
        row = self._screen.wait(contains=NAME, role="table cell", seconds=60)
        self._screen.click(row)
        self._screen.key("a")
        self._screen.wait("In your library", role="table cell", seconds=180)

    def see_timeline(self) -> None:
        """Unfold the patient and the latest study by keys."""
        self._go("Patients")
        row = self._screen.wait(contains=NAME, role="table cell", seconds=60)
        self._screen.click(row)
        self._screen.key("Right")
        for age in AGES:
            self._screen.wait(contains=age, role="table cell", seconds=30)
        self._screen.click(self._screen.wait(contains=STUDY, role="table cell"))
        self._screen.key("Right")
        for title in SERIES:
            self._screen.wait(contains=title, role="table cell", seconds=30)
        self._screen.settle()
        self._report.picture("patients-timeline")

    def compare_two(self) -> None:
        """Compare two series, leaf through both at once."""
        self._screen.click(self._screen.wait(contains=SERIES[1], role="table cell"))
        self._screen.key("shift+Down")
        self._screen.key("c")
        left = self._screen.wait("View A", seconds=120)
        self._screen.wait("View B")
        self._screen.wait(contains=" of 30", role="label", seconds=60)
        self._screen.wheel(left, 4)
        self._screen.settle()
        self._report.picture("viewer-compare")
        self._back()

    def survey_study(self) -> None:
        """Look at every series of a study at once."""
        self._screen.click(self._screen.wait(contains=STUDY, role="table cell"))
        self._screen.key("n")
        self._screen.wait("View C", seconds=120)
        self._screen.settle()
        self._report.picture("viewer-survey")
        self._back()

    def _back(self) -> None:
        self._screen.press("Back", role="push button")
        self._screen.wait(contains=NAME, role="table cell", seconds=30)
