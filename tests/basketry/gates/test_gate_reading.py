"""What a gate's file may say, to its limits, and what it means where it says nothing."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from basketry.gates import ChampionChange, DecayRule, Limit, Margin, PartLimit, gate_names, load_gate, model
from tests.kit.gates import PROPENSITY, SEGMENTS
from tests.kit.mistakes import Mistake, mistakes

GATE = PROPENSITY.text
BASELINES = GATE[GATE.index("must_beat") : GATE.index("against_champion")]
PARTS = GATE[GATE.index("no_part_worse") : GATE.index("when_noise")]
REALISED = GATE[GATE.index("realised") : GATE.index("ask:")]


def test_a_gate_is_what_its_file_says(tmp_path: Path) -> None:
    """Every condition with its metric, its numbers, and which way is better."""
    gate = PROPENSITY.read(tmp_path)
    assert (gate.name, gate.model, gate.when_noise) == ("propensity", "propensity", "ask")
    assert (gate.answer_within_hours, gate.users) == (24, ("alice",))
    assert gate.higher_is_better == {"average_precision": True, "log_loss": False, "calibration_ratio": True}
    assert gate.absolute == (
        Limit(metric="average_precision", at_least=0.125, at_most=None),
        Limit(metric="calibration_ratio", at_least=0.75, at_most=1.25),
    )
    assert gate.must_beat == (
        Margin(baseline="personal_rate", metric="average_precision", by=0.0),
        Margin(baseline="base_rate", metric="average_precision", by=0.0625),
        Margin(baseline="base_rate", metric="log_loss", by=0.0),
    )
    assert gate.against_champion == (
        ChampionChange(metric="average_precision", min_absolute=0.03125, min_relative=0.125, may_be_worse_by=None),
        ChampionChange(metric="log_loss", min_absolute=None, min_relative=None, may_be_worse_by=0.0625),
    )
    assert gate.beside_champion == ()
    assert gate.no_part_worse == (PartLimit(part="category", metric="average_precision", worse_by=0.125),)
    assert gate.realised == DecayRule(
        table="gold.propensity_outcomes",
        where={"category": "", "audience": "all"},
        metric="average_precision",
        days=7,
        worse_by=0.25,
    )


def test_conditions_that_need_not_be_there(tmp_path: Path) -> None:
    """Parts, what came true, people to ask, and baselines of a model that need not improve."""
    gate = PROPENSITY.read(tmp_path / "a", (PARTS, ""), (REALISED, ""), ("  users: [alice]\n", ""))
    assert (gate.no_part_worse, gate.realised, gate.users) == ((), None, ())
    include = PROPENSITY.write(tmp_path / "b")
    segments = load_gate("segments", include)
    assert (segments.must_beat, segments.when_noise, segments.answer_within_hours) == ((), "refuse", 1)
    assert segments.beside_champion == (
        Limit(metric="agreement", at_least=0.75, at_most=None),
        Limit(metric="changed_share", at_least=None, at_most=0.125),
    )
    assert [change.metric for change in segments.against_champion] == ["silhouette"]
    assert gate_names(include) == ["forecast", "propensity", "segments"]
    (include / "gates" / "notes.txt").write_text("")
    assert gate_names(include) == ["forecast", "propensity", "segments"]


def test_a_bound_beside_a_champion_may_have_both_ends(tmp_path: Path) -> None:
    """It is a bound and no change when it has nothing but bounds."""
    gate = PROPENSITY.read(
        tmp_path, ("log_loss: {may_be_worse_by: 0.0625}", "log_loss: {at_least: 0.25, at_most: 0.5}")
    )
    assert gate.beside_champion == (Limit(metric="log_loss", at_least=0.25, at_most=0.5),)
    assert [change.metric for change in gate.against_champion] == ["average_precision"]


def test_an_audience_stands_before_its_metric(tmp_path: Path) -> None:
    """Which way is better is said of the metric, for every audience."""
    gate = PROPENSITY.read(tmp_path, ("  average_precision: {at_least: 0.125}", "  repeat/log_loss: {at_most: 0.5}"))
    assert gate.absolute[0] == Limit(metric="repeat/log_loss", at_least=None, at_most=0.5)
    assert [gate.is_higher_better(name) for name in ("repeat/log_loss", "log_loss", "a/b/average_precision")] == [
        False, False, True,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("{at_least: 0.75, at_most: 1.25}", "{at_least: 1, at_most: 1}"),
        ("{at_least: 0.75, at_most: 1.25}", "{at_least: -2, at_most: -1}"),
        ("{at_least: 0.125}", "{at_least: 0}"),
        ("{may_be_worse_by: 0.0625}", "{may_be_worse_by: 0}"),
        ("min_relative: 0.125", "min_relative: 1"),
        ("{min_absolute: 0.03125, min_relative: 0.125}", "{min_absolute: 5}"),
        ("{min_absolute: 0.03125, min_relative: 0.125}", "{min_relative: 0.1}"),
        ("days: 7", "days: 1"),
        ("days: 7", "days: 366"),
        ("answer_within_hours: 24", "answer_within_hours: 1"),
        ("answer_within_hours: 24", "answer_within_hours: 336"),
        ("worse_by: 0.25", "worse_by: 0"),
        ("  users: [alice]", "  users: []"),
        (BASELINES, "replaces: when_better\n"),
    ],
)
def test_numbers_may_go_to_their_limits(old: str, new: str, tmp_path: Path) -> None:
    """A limit is a good number itself."""
    assert PROPENSITY.read(tmp_path, (old, new)).name == "propensity"


@mistakes(
    PROPENSITY,
        ("{at_least: 0.75, at_most: 1.25}", "{at_least: 1.5, at_most: 1.25}",
         "8: calibration_ratio must be at least 1.5 and at most 1.25; exchange them."),
        ("{at_least: 0.125}", "{at_least: .inf}", "7: the limit is inf; write a number."),
        ("{at_least: 0.125}", "{at_least: true}", "7: the limit is true or false; make it a number."),
        ("{may_be_worse_by: 0.0625}", "{may_be_worse_by: -0.5}", "14: may_be_worse_by of log_loss is -0.5; write 0 or more."),
        ("{may_be_worse_by: 0.0625}", "{}",
         "14: log_loss needs min_absolute or min_relative or both, or else may_be_worse_by alone."),
        ("{may_be_worse_by: 0.0625}", "{may_be_worse_by: 1, min_relative: 0.5}",
         "14: log_loss needs min_absolute or min_relative or both, or else may_be_worse_by alone."),
        ("{may_be_worse_by: 0.0625}", "{at_least: 1, may_be_worse_by: 1}",
         "14: unknown key 'at_least' in the change of log_loss; use one of: may_be_worse_by, min_absolute, min_relative."),
        ("{may_be_worse_by: 0.0625}", "worse", "14: the change of log_loss is text; make it a mapping."),
        ("min_absolute: 0.03125", "min_absolute: 0",
         "13: min_absolute of average_precision is 0; write a positive number."),
        ("min_absolute: 0.03125", "min_absolute: -1", "13: min_absolute of average_precision is -1; write 0 or more."),
        ("min_relative: 0.125", "min_relative: 1.001",
         "13: min_relative of average_precision is a share of the champion's value; write at most 1."),
        ("category: {average_precision: 0.125}", "category: {average_precision: -0.125}",
         "16: the limit of average_precision is -0.125; write 0 or more."),
        ("category: {average_precision: 0.125}", "category: {precision: 0.125}",
         "16: unknown metric 'precision' in no_part_worse category; did you mean 'average_precision'?"),
        ("{average_precision: 0.0625, log_loss: 0}", "{average_precisio: 0.0625}",
         "11: unknown metric 'average_precisio' in must_beat base_rate; did you mean 'average_precision'?"),
        ("  table: gold.propensity_outcomes", "  table: gold.sales",
         "19: unknown table 'gold.sales'; did you mean 'gold.sales_day'?"),
        ("{category: \"\", audience: all}", "{}", "20: where of realised is empty; write at least one line."),
        ("{category: \"\", audience: all}", "{category: 1}", "20: category is a whole number; make it text."),
        ("  metric: average_precision\n", "  metric: precision\n",
         "21: unknown metric 'precision'; did you mean 'average_precision'?"),
        ("  days: 7\n", "", "18: realised has no 'days'; add it."),
        ("days: 7", "days: 367", "22: days is 367; write a number from 1 to 366."),
        ("days: 7", "days: 1.5", "22: days is a number; make it a whole number."),
        ("answer_within_hours: 24", "answer_within_hours: 337",
         "25: answer_within_hours is 337; write a number from 1 to 336."),
        ("answer_within_hours: 24", "answer_within_hours: 0",
         "25: answer_within_hours is 0; write a number from 1 to 336."),
        ("worse_by: 0.25", "worse_by: -0.25", "23: worse_by is -0.25; write 0 or more."),
        ("  average_precision: higher\n  log_loss: lower\n  calibration_ratio: higher\n", "  {}\n",
         "2: metrics is empty; write at least one line."),
        ("  answer_within_hours: 24\n", "", "24: ask has no 'answer_within_hours'; add it."),
        ("model: propensity\n", "model: ' '\n", "1: model is empty; write it or remove the line."),
        (BASELINES, "", "1: a gate has no 'must_beat'; add it, or replaces: when_no_worse."),
)  # fmt: skip
def test_a_number_beyond_its_limit_is_told_with_it(mistake: Mistake, tmp_path: Path) -> None:
    """File, line, what stands there, and what may."""
    mistake.check(tmp_path)


def test_what_came_true_is_read_by_version_and_day(tmp_path: Path) -> None:
    """A table whose rows have neither cannot say it of a champion; one without the metric cannot say it at all."""
    where = ('{category: "", audience: all}', '{category: ""}')
    line, sentence = PROPENSITY.refusal(tmp_path / "a", ("gold.propensity_outcomes", "gold.sales_day"), where)
    assert (line, sentence.startswith("gold.sales_day has no column 'model_version'; ")) == (19, True)
    metric = ("  metric: average_precision\n", "  metric: calibration_ratio\n")
    line, sentence = PROPENSITY.refusal(tmp_path / "b", metric)
    assert (line, sentence.startswith("gold.propensity_outcomes has no column 'calibration_ratio'; ")) == (21, True)


def test_some_metric_must_improve_unless_the_gate_says_otherwise(tmp_path: Path) -> None:
    """Else nothing would ever be surely better."""
    no_change = ("{min_absolute: 0.03125, min_relative: 0.125}", "{may_be_worse_by: 1}")
    sentence = "no metric must improve; give one a min_absolute or min_relative change."
    assert PROPENSITY.refusal(tmp_path / "a", no_change) == (12, sentence)
    replaces = ("when_noise", "replaces: when_no_worse\nwhen_noise")
    assert PROPENSITY.read(tmp_path / "b", no_change, replaces).against_champion
    assert SEGMENTS.refusal(tmp_path / "c", ("when_no_worse", "when_better")).sentence == sentence


@pytest.mark.parametrize(
    "record", [kind for kind in vars(model).values() if dataclasses.is_dataclass(kind)], ids=lambda kind: kind.__name__
)
def test_a_gate_and_its_verdict_stay_as_they_are(record: type) -> None:
    """What was decided cannot be changed afterwards by who reads it."""
    made = record.__new__(record)
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(made, dataclasses.fields(record)[0].name, "x")
