"""What somebody else brought to the server is in the library without a pull."""

from chrislib.cube.errors import ServerFault
from chrislib.library.model import ItemState, LibraryChange
from chrislib.library.pull import Found
from chrislib.library.service import LibraryService
from tests.unit.library.conftest import Neighbours, some_patients, until


def first() -> Found:
    """Return a series of the first patient."""
    patient = some_patients()[0]
    study = patient.studies[0]
    return patient, study, study.series[0]


async def test_a_series_on_the_server_is_known_by_its_study(
    library: LibraryService, neighbours: Neighbours
) -> None:
    series = neighbours.session.fake.pacs
    path = series.register("1.2.3.1", images=192, study_uid="1.2.3")
    told: list[LibraryChange] = []
    library.subscribe(told.append)
    assert library.state_of_series("1.2.3.1") is None
    library.look_for(["1.2.3", "1.2.4", "1.2.3"])
    await until(lambda: library.state_of_series("1.2.3.1"))
    await until(lambda: sorted(series.studies_asked) == ["1.2.3", "1.2.4"])
    assert [change.series for change in told] == [("1.2.3.1",)]
    assert await library.items() == []  # nobody has asked to keep it
    (item,) = await library.pull([first()])
    assert (item.state, item.path) == (ItemState.READY, path)
    assert neighbours.jobs.submitted == []  # and it is not pulled again
    library.look_for(["1.2.3"])
    assert len(series.studies_asked) == 2


async def test_a_server_that_fails_costs_a_badge_only(
    library: LibraryService, neighbours: Neighbours
) -> None:
    series = neighbours.session.fake.pacs
    series.register("1.2.3.1", images=192, study_uid="1.2.3")
    series.error = ServerFault("It fell over.")
    library.look_for(["1.2.3"])
    await until(lambda: series.studies_asked)
    series.error = None
    library.look_for(["1.2.3"])
    await until(lambda: library.state_of_series("1.2.3.1"))


async def test_another_account_knows_nothing_of_it(
    library: LibraryService, neighbours: Neighbours
) -> None:
    neighbours.session.fake.pacs.register("1.2.3.1", images=1, study_uid="1.2.3")
    library.look_for(["1.2.3"])
    await until(lambda: library.state_of_series("1.2.3.1"))
    neighbours.session.fake.username = "robin"
    neighbours.session.tell()
    assert library.state_of_series("1.2.3.1") is None
