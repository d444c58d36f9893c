"""The model and the scheduler, step by step, in this process."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from kit.llm.decoding import PAGE, Decoder
from kit.llm.engine import PREFILL, Engine, FullError, Sampling, Sequence, TooLongError
from kit.llm.meters import Meters
from kit.llm.models import LanguageModel, learned, load
from kit.llm.network import Sizes, started
from kit.llm.training import loss_and_gradient, train
from kit.testing.language import trained_models


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained_models(tmp_path_factory)


@pytest.fixture(scope="module")
def model(folder: Path) -> LanguageModel:
    return load(folder / "topics-large.npz")


def engine(model: LanguageModel, pages: int = 64, most: int = 16, waiting: int = 100) -> Engine:
    meters = Meters(CollectorRegistry())
    return Engine(model, meters, pages=pages, most_sequences=most, most_waiting=waiting, context=512)


def run(engine: Engine) -> int:
    steps = 0
    while engine.running or engine.waiting:
        engine.step()
        steps += 1
    return steps


def asked(engine: Engine, model: LanguageModel, count: int, tokens: int = 24) -> list[Sequence]:
    prompt = model.tokenizer.encode("The class statement")
    return [engine.submit(prompt, Sampling(tokens, 0.8, seed=seed, ignore_eos=True)) for seed in range(count)]


def test_the_models_learned_something_and_the_larger_one_more(folder: Path) -> None:
    losses = {}
    for name in ("topics-small", "topics-large"):
        model = load(folder / f"{name}.npz")
        rows = learned(model.tokenizer)[1][: 65 * 30].reshape(30, 65)
        pairs = model.weights["bigrams"]
        losses[name], _ = loss_and_gradient(model.sizes, model.weights, pairs, rows)
        untrained, _ = loss_and_gradient(model.sizes, started(model.sizes, 0), pairs, rows)
        assert losses[name] < untrained < np.log(model.sizes.vocabulary)
    assert losses["topics-large"] < losses["topics-small"] - 0.03


def test_training_follows_the_gradient_and_repeats_itself() -> None:
    sizes = Sizes(width=8, layers=2, heads=2, steps=3, vocabulary=20, batch=2, length=6)
    text = np.arange(100) ** 2 % 20
    pairs = np.zeros((20, 20), np.float32)
    weights = started(sizes, 1)
    rows = text[:14].reshape(2, 7)
    _, slopes = loss_and_gradient(sizes, weights, pairs, rows)
    for name, slope in slopes.items():
        place = np.unravel_index(np.abs(slope).argmax(), slope.shape)
        losses = []
        for change in (1e-4, -1e-4):
            moved = {**weights, name: weights[name].copy()}
            moved[name][place] += change
            losses.append(loss_and_gradient(sizes, moved, pairs, rows)[0])
        assert (losses[0] - losses[1]) / 2e-4 == pytest.approx(slope[place], rel=0.05, abs=3e-3), name
    one, other = train(sizes, text, 5), train(sizes, text, 5)
    assert all(np.array_equal(one[name], other[name]) for name in one)


def test_a_batch_computes_what_each_sequence_computes_alone(model: LanguageModel) -> None:
    decoder = Decoder(model.sizes, model.weights, 12)
    texts = [model.tokenizer.encode(text) for text in ("An object", "The import statement searches for a module", "x")]
    tables = [[0, 1, 2], [7, 5, 6], [3, 9, 4]]
    for table, text in zip(tables, texts, strict=True):
        decoder.prefill(table, 0, text[:-1] or text)
    alone = []
    for text in texts:
        whole = Decoder(model.sizes, model.weights, 4)
        alone.append(whole.prefill([3, 1, 0], 0, text if len(text) > 1 else [*text, text[0]]))
    lengths = [max(1, len(text) - 1) for text in texts]
    batched = decoder.step(tables, lengths, [text[-1] for text in texts])
    np.testing.assert_allclose(batched, np.stack(alone), atol=1e-3)


def test_many_sequences_take_few_steps(model: LanguageModel) -> None:
    batching, single = engine(model), engine(model, most=1)
    for one in (batching, single):
        asked(one, model, 8)
    assert run(batching) * 3 < run(single)


def test_a_sequence_joins_while_another_is_in_progress_and_leaves_before_it(model: LanguageModel) -> None:
    one = engine(model)
    (long,) = asked(one, model, 1, tokens=100)
    for _ in range(10):
        one.step()
    (short,) = asked(one, model, 1, tokens=5)
    for _ in range(6):
        one.step()
    assert short.generated == 5 and short not in one.running
    assert long in one.running and long.generated >= 15


def test_sequences_without_room_are_computed_again_with_the_same_text(model: LanguageModel) -> None:
    roomy, narrow = engine(model), engine(model, pages=8)
    free = asked(roomy, model, 6, tokens=40)
    pressed = asked(narrow, model, 6, tokens=40)
    run(roomy)
    while narrow.running or narrow.waiting:
        narrow.step()
        used = [page for one in narrow.running for page in one.table]
        assert len(set(used)) == len(used) == 8 - len(narrow.decoder.free)
    assert sum(one.preempted for one in pressed) > 0
    assert [one.tokens for one in pressed] == [one.tokens for one in free]
    assert len(narrow.decoder.free) == 8


def test_a_cancelled_sequence_gets_no_further_token(model: LanguageModel) -> None:
    one = engine(model, most=2)
    running, other, waiting = asked(one, model, 3, tokens=100)
    for _ in range(5):
        one.step()
    before = running.generated
    one.cancel(running)
    one.cancel(waiting)
    one.step()
    assert running.generated == before and not running.table and waiting.generated == 0
    one.cancel(other)
    assert run(one) == 0 and len(one.decoder.free) == 64


def test_a_long_prompt_does_not_stop_the_answers_of_others(model: LanguageModel) -> None:
    one = engine(model)
    (short,) = asked(one, model, 1, tokens=100)
    one.step()
    long = one.submit([65] * (PREFILL * 4), Sampling(2, ignore_eos=True))
    steps = 0
    while not long.generated:
        before = short.generated
        one.step()
        steps += 1
        assert short.generated == before + 1
    assert steps == 4


def test_what_can_never_fit_is_rejected_and_what_must_wait_too_long_too(model: LanguageModel) -> None:
    one = engine(model, pages=2, waiting=2)
    with pytest.raises(TooLongError, match="maximum context length is 32 tokens"):
        one.submit([65] * PAGE, Sampling(PAGE + 1))
    asked(one, model, 2, tokens=4)
    with pytest.raises(FullError) as full:
        asked(one, model, 1, tokens=4)
    assert full.value.retry_s >= 1
    run(one)
    assert asked(one, model, 1, tokens=4)[0].generated == 0
