"""What a reply says, by table. A missed opt-out costs a law suit; exact keywords never are."""

import time
from random import Random

import pytest

from smstrack_core import _core
from smstrack_core.replies import keywords, label, label_batch, words
from smstrack_core.replies.fold import TEXT_CHARS_MAX, fold


def said(text: str) -> set[str]:
    return set(words(label(text)))


@pytest.mark.parametrize(
    "text",
    [
        "STOP", "stop", "Stop.", " stop ", "STOP!!!", "«Stop»", "\u200bSTOP\u200b", "S\u00adTOP",
        "ＳＴＯＰ", "𝐒𝐓𝐎𝐏", "ⓢⓣⓞⓟ", "s t o p", "S.T.O.P.", "S-T-O-P", "S̶T̶O̶P̶", "STOP 🛑", "STOPALL",
        "stop all", "STOP  ALL", "Unsubscribe", "UNSUB", "opt out", "OPT-OUT", "optout", "Quit",
        "END", "Cancel", "REVOKE", "remove", "baja", "Dar de baja", "no más", "NO MAS", "arrêt",
        "ARRET", "ARRÊTER", "Stopp", "abmelden", "sair", "PARAR", "basta", "afmelden", "стоп",
        "отписаться", "退订", "TD", "配信停止", "수신거부", "إلغاء", "बंद", "iptal", "hủy", "kanpe",
        "STOP please", "stop texting me", "Stop now!", "STOP, thanks", "unsubscribe me please",
        "STOP\nSent from my phone", "Stop.\r\n-- \r\nBest regards",
        "No. Stop", "YES STOP", "Stop. Yes I mean it", "STOP - thanks", "STOP YES START",
        "stop stop stop", "OPT-OUT PLEASE", "quit please", "cancel please", "STOPPED",
        "Stop asap", "STOP NOW I'll sue", "STOP sending me this", "STOP 1", "See you\nSTOP\nBob",
        "please stop", "Stop at once", "No, stop", "opt me out", "s t o p please", "end now!",
        "STOP-thanks", "stop.stop.stop", "Stop, by the way I moved", "START\nSTOP",
        "Quit. I mean it",
        "Unsubscribe from this list", "baja por favor", "I am tired of this! Stop texting me",
    ],
)  # fmt: skip
def test_opt_out(text: str) -> None:
    assert said(text) == {"stop"}


@pytest.mark.parametrize(
    "text",
    [
        "don't stop", "non-stop", "Please meet me at the bus stop", "stop by tomorrow", "stopper",
        "cancel my appointment", "Cancel\nmy 3 pm", "the end", "quit smoking", "no more than two",
        "never stop", "can't stop laughing", "non-stop fun", "non stop", "bus stop?",
        "I'll stop by at 3", "stop by at 3", "Please stop by at 3", "No stop sign there",
        "end of the day works", "cancel my 3pm appointment", "stop-over in Rome", "baja california",
        "www.stop.example is down", "Cancel? No, I will come", "stop watch", "stop payment",
        "start", "", " ", "...", "stoop", "remove the second item",
    ],
)  # fmt: skip
def test_not_opt_out(text: str) -> None:
    assert "stop" not in said(text)


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("YES", {"yes"}), ("Yes!", {"yes"}), ("sí", {"yes"}), ("Oui", {"yes"}), ("y", {"yes"}),
        ("NO", {"no"}), ("no, thanks", {"no"}), ("Nein", {"no"}),
        ("START", {"start"}), ("unstop", {"start"}),
        ("HELP", {"help"}), ("Info", {"help"}), ("ayuda", {"help"}),
        ("What time?", {"question"}), ("¿A qué hora", {"question"}), ("何時ですか？", {"question"}),
        ("yes?", {"yes", "question"}), ("STOP?", {"stop", "question"}),
        ("Running late", {"other"}), ("", {"other"}), ("👍", {"yes"}), ("\x00", {"other"}),
        ("join", {"start"}), ("continue", {"start"}), ("🛑", {"stop"}),
        ("stop, who is this?", {"stop", "question"}), ("STOP!!!! ok?", {"stop", "question"}),
        ("Yes\nSTOP", {"stop", "yes"}), ("STOP\nno", {"stop", "no"}),
    ],
)  # fmt: skip
def test_other_labels(text: str, labels: set[str]) -> None:
    assert said(text) == labels


def test_tables_hold_folded_words_only_and_do_not_overlap() -> None:
    tables = {
        name: value
        for name, value in vars(keywords).items()
        if isinstance(value, frozenset)
        and name
        not in (
            "QUESTION_MARKS",
            "FILLERS",
            "BEFORE_STOP",
            "COURTESY",
            "STOP_OBJECTS",
        )
    }
    assert len(tables) == 9
    for name, table in tables.items():
        assert all(fold(word) == word and word for word in table), name
    stop = keywords.STOP_LINE | keywords.STOP_ALONE
    whole = [stop, keywords.START, keywords.HELP, keywords.YES, keywords.NO]
    assert sum(map(len, whole)) == len(frozenset[str]().union(*whole))


def test_a_batch_is_two_bytes_a_reply_in_order() -> None:
    texts = ["STOP", "yes", "what?", "zzz"]
    labels = label_batch(texts)
    assert [int.from_bytes(labels[i : i + 2], "little") for i in range(0, 8, 2)] == [
        label(text) for text in texts
    ]
    assert label_batch([]) == b""
    assert words(label("STOP")) == [_core.LABELS[0]]


def test_a_reply_that_cannot_be_judged_is_other_and_costs_nobody_else() -> None:
    labels = label_batch(["STOP", None, "yes"])  # type: ignore[list-item]
    assert words(int.from_bytes(labels[2:4], "little")) == ["other"]
    assert words(int.from_bytes(labels[:2], "little")) == ["stop"]
    assert words(int.from_bytes(labels[4:], "little")) == ["yes"]


def test_any_text_gets_a_label_and_folding_is_stable(seed: int) -> None:
    random = Random(seed)
    for _ in range(2_000):
        text = "".join(chr(random.randrange(0x11_0000)) for _ in range(random.randrange(12)))
        assert label(text) in range(1, 1 << len(_core.LABELS)), f"seed {seed}"
        assert fold(fold(text)) == fold(fold(fold(text))), f"seed {seed}"


def test_a_keyword_inside_case_blanks_and_punctuation_is_never_missed(seed: int) -> None:
    random = Random(seed)
    around = ["", " ", "\n", "\u200b", "!", ".", "…", "\ufeff", "🛑", "\u202e"]
    for word in sorted(keywords.STOP_LINE | keywords.STOP_ALONE):
        written = "".join(random.choice((char, char.upper())) for char in word)
        text = random.choice(around) + written + random.choice(around)
        assert "stop" in said(text), (text, seed)


def test_work_is_bounded_by_the_text_looked_at() -> None:
    began = time.process_time()
    label("a" * 10_000_000)
    label("\u0301" * 1_000_000)
    assert time.process_time() - began < 5
    assert len(fold("x" * 100_000)) == TEXT_CHARS_MAX


@pytest.mark.parametrize(
    "piece",
    ["a", "stop ", ".", "!", ",", "\n", "s ", "x stop.\n", "é", "ﷺ", "opt me out", "-", "no "],
)
def test_long_texts_cost_little(piece: str) -> None:
    text = (piece * 65_536)[:65_536]
    began = time.process_time()
    for _ in range(10):
        label(text)
    assert time.process_time() - began < 2
    assert "stop" in said(text + "\nSTOP")
