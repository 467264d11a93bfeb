"""Orders of a stream have every example, are drawn with a seed, and do not repeat themselves."""

from collections import Counter
from itertools import chain

from pipeline.datasets.stream_order import CellName, Mix, Place, StreamOrder

CELLS: tuple[CellName, ...] = (("fog", 2), ("clean", 0), ("rain", 5))


def order(
    mix: Mix = False,
    seed: int | None = 0,
    epochs: int = 1,
    clips: int = 20,
    cells: tuple[CellName, ...] = CELLS,
) -> StreamOrder:
    return StreamOrder("demo", clips, cells, epochs, mix, seed)


def places(stream: StreamOrder, size: int = 1) -> list[list[Place]]:
    """Places of each run."""
    return [list(chain.from_iterable(run)) for run in stream.runs(size)]


def test_a_run_is_a_cell_in_all_its_epochs() -> None:
    runs = places(order(epochs=2))
    assert [{place.cell for place in run} for run in runs] == [{cell} for cell in CELLS]
    for run in runs:
        assert [place.epoch for place in run] == [0] * 20 + [1] * 20
        first, second = run[:20], run[20:]
        assert sorted(p.clip for p in first) == sorted(p.clip for p in second) == list(range(20))
        assert [p.clip for p in first] != [p.clip for p in second]


def test_without_a_seed_clips_keep_their_order() -> None:
    assert [[place.clip for place in run] for run in places(order(seed=None))] == [
        list(range(20))
    ] * 3


def test_cells_and_visits_of_a_cell_have_orders_of_their_own() -> None:
    runs = places(order(cells=(*CELLS, *CELLS)))
    orders = {tuple(place.clip for place in run) for run in runs}
    assert len(orders) == 6
    alone = places(order(cells=CELLS[2:]))
    assert [place.clip for place in alone[0]] == [place.clip for place in runs[2]]


def test_mixed_streams_have_every_clip_in_every_cell() -> None:
    (run,) = places(order(mix=True, epochs=2))
    everything = Counter((place.clip, place.cell) for place in run)
    assert len(everything) == 60
    assert set(everything.values()) == {2}
    assert len({place.cell for place in run[:10]}) == 3
    assert places(order(mix=True)) == places(order(mix=True))
    assert places(order(mix=True)) != places(order(mix=True, seed=1))


def test_one_cell_per_clip_is_drawn_in_every_epoch() -> None:
    (run,) = places(order(mix="one", epochs=2))
    first = {place.clip: place.cell for place in run[:20]}
    second = {place.clip: place.cell for place in run[20:]}
    assert set(first) == set(second) == set(range(20))
    assert first != second
    assert set(first.values()) == set(CELLS)


def test_no_batch_spans_two_cells_or_epochs() -> None:
    batches = list(chain.from_iterable(order(epochs=2).runs(8)))
    assert [len(batch) for batch in batches] == [8, 8, 4] * 6
    assert {len({(place.cell, place.epoch) for place in batch}) for batch in batches} == {1}
    assert list(chain.from_iterable(batches)) == list(chain.from_iterable(places(order(epochs=2))))
