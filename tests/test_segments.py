"""Segments against Python sets, and exports against what a reader reads back."""

import csv
import operator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

import pyroaring
import pytest

import smstrack_core as sms
from smstrack_core import segments
from smstrack_core.segments import SET_NAMES, quote_name

from fiction import number, numbers


def blasts_at_random(engine: sms.Engine, random: Random) -> dict[str, set[str]]:
    campaign = engine.campaign("spring")
    made = {}
    for name in "abcd":
        chosen = [n for n in numbers(0, 300) if random.random() < 0.4]
        campaign.blast(name, audience=chosen)
        made[name] = set(chosen)
    return made


def test_any_expression_equals_python_sets(engine: sms.Engine, seed: int) -> None:
    random = Random(seed)
    made = blasts_at_random(engine, random)

    def grow(depth: int) -> tuple[sms.Segment, set[str]]:
        if depth == 0 or random.random() < 0.2:
            name = random.choice("abcd")
            return engine.segment(f"spring/{name}.audience"), made[name]
        (left, left_set), (right, right_set) = grow(depth - 1), grow(depth - 1)
        match random.choice("&|-^"):
            case "&":
                return left & right, left_set & right_set
            case "|":
                return left | right, left_set | right_set
            case "-":
                return left - right, left_set - right_set
            case _:
                return left ^ right, left_set ^ right_set

    for _ in range(60):
        segment, expected = grow(4)
        assert set(segment) == expected, f"seed {seed}: {segment.expression}"
        assert len(segment) == len(expected)
        assert bool(segment) == bool(expected)
        assert engine.segment(segment.expression).numbers() == segment.numbers()
        probe = number(random.randrange(310))
        assert (probe in segment) == (probe in expected), f"seed {seed}"
        assert len(segment.ids()) == len(segment.to_pyroaring()) == len(expected)
        assert pyroaring.BitMap(segment.ids()) == segment.to_pyroaring()


def test_operators_written_as_text_bind_alike_from_left_to_right(engine: sms.Engine) -> None:
    campaign = engine.campaign("s")
    campaign.blast("a", audience=numbers(0, 6))
    campaign.blast("b", audience=numbers(2, 4))
    campaign.blast("c", audience=numbers(3, 8))
    assert engine.segment("(s/a.audience - s/b.audience) - s/c.audience").numbers() == numbers(0, 2)
    assert engine.segment("s/a.audience - (s/b.audience - s/c.audience)").numbers() == [
        n for n in numbers(0, 6) if n != number(2)
    ]
    a, b, c = (engine.segment(f"s/{name}.audience") for name in "abc")
    assert (a - (b - c)).numbers() == [n for n in numbers(0, 6) if n != number(2)]
    assert ((a - b) - c).numbers() == numbers(0, 2)


def test_two_engines_do_not_mix(engine: sms.Engine, tmp_path: Path) -> None:
    with sms.open(tmp_path / "other") as other, pytest.raises(TypeError, match="two engines"):
        _ = engine.contacts & other.contacts
    with pytest.raises(TypeError):
        _ = engine.contacts & {"+999"}


def test_what_is_no_number_is_in_no_segment(engine: sms.Engine) -> None:
    engine.suppress([number(1)])
    assert number(1) in engine.suppressed
    assert 5 not in engine.suppressed
    assert None not in engine.suppressed
    assert number(2) not in engine.suppressed


def test_pages_join_up_to_the_whole(engine: sms.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    engine.suppress(numbers(0, 25))
    whole = engine.suppressed.numbers()
    monkeypatch.setattr(segments, "PAGE_COUNT", 10)
    pages = list(engine.suppressed.pages())
    assert [len(page) for page in pages] == [10, 10, 5]
    assert [n for page in pages for n in page] == whole == list(engine.suppressed)


def test_an_export_leaves_out_the_suppressed(engine: sms.Engine, tmp_path: Path) -> None:
    blast = engine.campaign("spring").blast("b1", audience=numbers(0, 5))
    engine.suppress([number(1), number(3), number(99)])
    file = tmp_path / "out.csv"
    done = blast.audience.export(file)
    assert (done.path, done.written, done.suppressed) == (file, 3, 2)
    with file.open(newline="") as opened:
        assert list(csv.reader(opened)) == [["contact"], [number(0)], [number(2)], [number(4)]]
    done = blast.audience.export(file, include_suppressed=True)
    assert (done.written, done.suppressed) == (5, 0)
    assert file.read_bytes().startswith(b'"contact"\n"+999')
    assert file.stat().st_mode & 0o077 == 0, "readable by its owner only"


def test_an_export_that_fails_leaves_nothing(engine: sms.Engine, tmp_path: Path) -> None:
    engine.suppress(numbers(0, 5))
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "file").touch()
    for target in (tmp_path / "missing" / "out.csv", tmp_path / "taken"):
        with pytest.raises(OSError, match=r"missing|taken"):
            engine.suppressed.export(target)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "taken"]


def test_exports_page_in_constant_memory(
    engine: sms.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blast = engine.campaign("spring").blast("b1", audience=numbers(0, 57))
    engine.suppress(numbers(0, 7))
    monkeypatch.setattr(segments, "PAGE_COUNT", 10)
    assert blast.audience.export(tmp_path / "out.csv").written == 50
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 51


@pytest.mark.parametrize("name", ["", 'a"b'])
def test_a_name_that_cannot_be_written_is_refused(name: str) -> None:
    with pytest.raises(sms.InputError):
        quote_name(name)


def test_every_set_word_can_be_asked_for(engine: sms.Engine) -> None:
    campaign = engine.campaign("spring")
    blast = campaign.blast("b1")
    for name in SET_NAMES:
        assert len(campaign.set(name)) == len(blast.set(name)) == 0, name
        assert len(getattr(campaign, name)) == 0
    for label in ("yes", "no", "stop", "start", "help", "question", "other"):
        assert len(campaign.replied_with(label)) == 0
    for cause in ("invalid_number", "filtered", "opted_out", "absent", "expired", "rate_limit",
                  "other"):  # fmt: skip
        assert len(blast.failed_for(cause)) == 0
    with pytest.raises(sms.InputError):
        engine.segment("spring.nonsense")


def test_hundreds_of_segments_combine(engine: sms.Engine) -> None:
    spring = engine.campaign("spring")
    blasts = [spring.blast(f"b{i}", audience=[number(i)]) for i in range(500)]
    union = both = apart = blasts[0].audience
    rest = spring.audience
    for blast in blasts[1:]:
        union = union | blast.audience
        both = both & blast.audience
        apart = apart ^ blast.audience
    for blast in blasts[1:]:
        rest = rest - blast.audience
    assert "(" not in union.expression + both.expression + apart.expression + rest.expression
    assert (len(union), len(both), len(apart), len(rest)) == (500, 0, 500, 1)


def test_chains_mean_what_python_means_by_them(engine: sms.Engine, seed: int) -> None:
    random = Random(seed)
    spring = engine.campaign("spring-26")
    wholes: list[tuple[sms.Segment, set[str]]] = []
    for i in range(4):
        members = random.sample(numbers(0, 40), 20)
        wholes.append((spring.blast(f"b-{i}", audience=members).audience, set(members)))
    wholes.append((engine.segment('"spring-26".audience-suppressed'), wholes_union(wholes)))
    operators = (operator.and_, operator.or_, operator.sub, operator.xor)
    for _ in range(200):
        chosen = random.choice(operators)
        (left, left_set), (right, right_set) = random.sample(wholes, 2)
        segment, expected = chosen(left, right), chosen(left_set, right_set)
        assert set(segment.numbers()) == expected, (segment.expression, seed)
        if len(segment.expression) < 1_000:
            wholes.append((segment, expected))


def wholes_union(wholes: list[tuple[sms.Segment, set[str]]]) -> set[str]:
    return set[str]().union(*(members for _, members in wholes))


@pytest.mark.parametrize("name", ["-", "a-", "a--", "-a", "--", "a-b"])
def test_names_with_minuses_evaluate(engine: sms.Engine, name: str) -> None:
    campaign = engine.campaign(name)
    blast = campaign.blast(name, audience=[number(1)], tags={name: name})
    assert campaign.audience.numbers() == blast.audience.numbers() == [number(1)]
    assert campaign.where(**{name: name}).audience.numbers() == [number(1)]
    assert (campaign.audience - blast.audience).numbers() == []


@pytest.mark.parametrize("where", [".", "", "sub", "missing/out.csv", "file/out.csv"])
def test_an_export_that_cannot_be_written_names_its_target(
    engine: sms.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    exports = tmp_path / "exports"
    (exports / "sub").mkdir(parents=True)
    (exports / "file").touch()
    monkeypatch.chdir(exports)
    with pytest.raises(OSError, match=r"directory") as caught:
        engine.contacts.export(where)
    assert ".part" not in str(caught.value)
    assert caught.value.filename == str(Path(where))
    assert {path.name for path in exports.rglob("*")} == {"sub", "file"}


def test_exports_to_one_name_do_not_disturb_each_other(engine: sms.Engine, tmp_path: Path) -> None:
    audience = engine.campaign("spring").blast("b1", audience=numbers(0, 5_000)).audience
    target = tmp_path / "exports" / ("x" * 240)
    target.parent.mkdir()
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda _: audience.export(target), range(32)))
    assert {exported.written for exported in done} == {5_000}
    assert [path.name for path in target.parent.iterdir()] == [target.name]
    assert len(target.read_text().splitlines()) == 5_001
