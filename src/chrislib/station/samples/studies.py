"""The sample studies: what was done with whom, when, and which series it gave."""

from chrislib.station.samples.data import SampleData
from chrislib.station.samples.plans import StudyPlan
from chrislib.station.samples.studies_bodies import (
    bench,
    limbs_and_children,
    trunks_and_spines,
)
from chrislib.station.samples.studies_heads import brains, heads_in_scripts
from chrislib.station.samples.studies_real import real


def sample_studies(data: SampleData | None) -> list[StudyPlan]:
    """Return every sample study.

    Parameters
    ----------
    data : SampleData or None
        The real images; without them the studies made of them are left out.
    """
    plans = [
        *brains(),
        *heads_in_scripts(),
        *trunks_and_spines(),
        *limbs_and_children(),
        bench(),
    ]
    if data is not None:
        plans = [*real(data), *plans]
    return plans
