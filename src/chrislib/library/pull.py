"""Series from a PACS into the Library: one item and one job each, never twice."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from uuid import uuid4

from chrislib.jobs.model import JobKey, Phase, PullIntent
from chrislib.library.follow import Follower
from chrislib.library.items import Items
from chrislib.library.model import Item, ItemId, ItemState, Source
from chrislib.library.names import clean
from chrislib.library.ports import JobsPort
from chrislib.pacs.types import FoundPatient, FoundSeries, FoundStudy

Found = tuple[FoundPatient, FoundStudy, FoundSeries]
_ASKED = {ItemState.READY, ItemState.ON_THE_WAY, ItemState.REGISTERING}
_CONTINUES = {Phase.FAILED, Phase.CANCELLED, Phase.FINISHED_WITH_ERRORS}


class Puller:
    """Makes items of found series and asks for what is not here."""

    def __init__(
        self,
        *,
        items: Items,
        jobs: JobsPort,
        follower: Follower,
        present: Callable[[str], Item | None] = lambda _uid: None,
    ) -> None:
        self._present = present
        self._items = items
        self._jobs = jobs
        self._follower = follower

    async def want(self, found: Sequence[Found]) -> list[Item]:
        """Return an item for each series, made where there is none (disk).

        Nothing is asked of the PACS: a new item is WANTED, or READY where the server
        has it already.
        """
        items: list[Item] = []
        new: list[Item] = []
        for patient, study, series in found:
            item = self._items.of_series(series.series_uid)
            if item is None:
                item = _item(patient, study, series)
                there = self._present(series.series_uid)
                if there is not None:
                    # somebody brought it before: it is here without a pull
                    item = replace(item, state=ItemState.READY, path=there.path)
                new.append(item)
            items.append(item)
        if new:
            await self._items.save(new)
        return items

    async def bring(self, ids: Iterable[ItemId]) -> list[Item]:
        """Ask for every item among `ids` that is neither here nor on the way (disk).

        A stopped pull goes on with what is missing. Raises what the journal raises;
        items asked for before that stay asked for.
        """
        brought: list[Item] = []
        for item_id in dict.fromkeys(ids):
            item = self._items.get(item_id)
            if item is None:
                continue
            if item.source is Source.PACS and item.state not in _ASKED:
                item = await self._ask(item)
            brought.append(item)
        return brought

    async def _ask(self, item: Item) -> Item:
        before = self._jobs.get(JobKey(item.job_key)) if item.job_key else None
        item = replace(item, state=ItemState.ON_THE_WAY, detail="", received=0)
        if before is not None and before.phase in _CONTINUES:
            await self._items.save([item])
            key = await self._jobs.retry(before.key)
            return (await self._follower.sent([item], key))[0]
        item = replace(item, job_key="")
        await self._items.save([item])
        intent = PullIntent(
            pacs=item.pacs,
            study_uid=item.study_uid,
            series_uid=item.series_uid,
            expected_images=item.images,
            title=item.title,
            item_id=item.item_id,
        )
        return (await self._follower.send([item], intent))[0]


def _item(patient: FoundPatient, study: FoundStudy, series: FoundSeries) -> Item:
    return Item(
        item_id=ItemId(uuid4().hex),
        source=Source.PACS,
        title=clean(series.description) or "(no description)",
        state=ItemState.WANTED,
        patient_id=patient.patient_id,
        patient_name=patient.name,
        birth_date=patient.birth_date,
        sex=patient.sex,
        study_uid=study.study_uid,
        study_date=study.date,
        study_description=study.description,
        accession_number=study.accession_number,
        modality=series.modality,
        series_uid=series.series_uid,
        series_description=series.description,
        pacs=series.pacs or study.pacs,
        images=series.images,
        added_at=time.time(),
    )
