"""Replies understood by their sense: recall and traps, language by language; cutting, folding."""

import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import orjson
import pytest

from smstrack_core.replies import judge, keywords, label_batch, seller_view
from smstrack_core.replies.envelope import cut
from smstrack_core.replies.fold import fold
from smstrack_core.replies.label import label_slices
from smstrack_core.replies.tokens import tokens

HEARD = sorted((Path(__file__).parent / "data" / "replies").glob("*.jsonl"))


def heard(file: Path) -> list[tuple[str, bool]]:
    rows = [orjson.loads(line) for line in file.read_text().splitlines()]
    return [(row["text"], row["opt_out"]) for row in rows]


@pytest.mark.slow
@pytest.mark.parametrize("file", HEARD, ids=lambda file: file.stem)
def test_opt_outs_are_found_and_traps_are_not(file: Path) -> None:
    rows = heard(file)
    outs = [text for text, is_out in rows if is_out]
    traps = [text for text, is_out in rows if not is_out]
    assert len(outs) >= 30
    assert len(traps) >= 15
    missed = [text for text in outs if "opt_out" not in judge(text).labels]
    caught = [text for text in traps if "opt_out" in judge(text).labels]
    assert len(missed) <= 0.03 * len(outs), missed
    assert len(caught) <= 0.03 * len(traps), caught


DISGUISES: dict[str, Callable[[str], str]] = {
    "upper": str.upper,
    "title": str.title,
    "full width": lambda text: "".join(
        chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in text
    ),
    "bold": lambda text: "".join(
        chr(0x1D41A + ord(char) - 97) if "a" <= char <= "z" else char for char in text
    ),
    "circled": lambda text: "".join(
        chr(0x24D0 + ord(char) - 97) if "a" <= char <= "z" else char for char in text
    ),
    "flags": lambda text: "".join(
        chr(0x1F1E6 + ord(char) - 97) if "a" <= char <= "z" else char for char in text
    ),
    "struck": lambda text: "".join(f"{char}\u0336" for char in text),
    "zero width": "\u200b".join,
    "quoted": lambda text: f"“{text}”",
    "marks": lambda text: f"*{text}*!!!",
    "stops": lambda text: f"{text}...",
    "blanks": lambda text: f"  {text}\n",
    "hash": lambda text: f"#{text}",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", DISGUISES)
def test_every_keyword_in_every_disguise_is_an_opt_out(name: str) -> None:
    disguise = DISGUISES[name]
    words = sorted(keywords.STOP_LINE | keywords.STOP_ALONE)
    missed = [word for word in words if "opt_out" not in judge(disguise(word)).labels]
    assert missed == []


@pytest.mark.parametrize("separator", [" ", ".", "-", "_", "*", "/", "·"])
def test_spelled_out_letter_by_letter(separator: str) -> None:
    for word in ("stop", "unsubscribe", "cancel", "quit", "baja"):
        assert "opt_out" in judge(separator.join(word)).labels


@pytest.mark.parametrize(
    "text",
    [
        *("STOOOOP", "stoppppp", "ЅТОР", "SТОP", "ꜱᴛᴏᴘ", "🅢🅣🅞🅟", "St0p", "$top", "5TOP"),
        *("stpo", "sotp", "tsop", "stpp", "syop", "dtop", "unsuscribe", "unsubcribe", "cancle"),
        *("Soptt pls", "stoopp", "quiit", "opt ot", "op out", "stawp", "un-suscribe pleese"),
        *("remvoe me", "quti", "pls stp", "please stop", "STOP 🛑", "🛑", "⛔⛔"),
    ],
)
def test_disguises_and_slips(text: str) -> None:
    assert "opt_out" in judge(text).labels


@pytest.mark.parametrize(
    "text",
    [
        *("stool", "topp!", "qui", "quilt", "opt in"),
        *("shop", "step", "stomp", "top", "spot", "stoop", "quite", "quiet", "and", "bend"),
        *(
            "cancer",
            "remote",
            "stork",
            "рост",
            "нет",
            "ich will mich anmelden",
            "quiero resuscribirme",
        ),
    ],
)
def test_real_words_near_a_keyword_are_themselves(text: str) -> None:
    assert "opt_out" not in judge(text).labels


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("Cancel my 3pm and take me off the list", {"opt_out"}),
        ("don't stop. STOP", {"opt_out"}),
        ("Don't stop the music but stop texting me", {"opt_out"}),
        ("Liked “Reply STOP to opt out”", {"other"}),
        ("Liked “Reply STOP to opt out” STOP", {"opt_out"}),
        ("> Reply STOP to opt out\nthanks", {"affirmative"}),
        ("> See you at 3\nSTOP", {"opt_out"}),
        ("On Nov 3 the shop wrote:\n> Sale today\nSTOP", {"opt_out"}),
        ('On Nov 3 the shop wrote:\n"Big sale today"\ntake me off your list', {"opt_out"}),
        ("ok\nOn Nov 3 the shop wrote:\nSale. Reply STOP to end", {"affirmative"}),
        ("On Nov 3 the shop wrote:\n> Sale. Reply STOP to end", {"other"}),
        ("thanks\nOn Nov 3 the shop wrote:\n> Big sale\nSTOP", {"opt_out", "affirmative"}),
        ("Fwd: take me off your list", {"other"}),
        ("Thanks for contacting us. Text STOP to unsubscribe.", {"auto_reply"}),
        ("Wrong number, please stop texting", {"opt_out", "wrong_number"}),
        ("sí, mañana a las 3?", {"affirmative", "question"}),
        ("I accidentally texted stop, please restart", {"opt_in"}),
        ("Not interested", {"negative"}),
        ("5", {"survey"}),
        ("SAVE20", {"coupon"}),
    ],
)
def test_labels(text: str, labels: set[str]) -> None:
    assert set(judge(text).labels) == labels, judge(text)


def test_grades() -> None:
    assert judge("STOP").grade == "certain"
    assert judge("Please take me off this list").grade == "certain"
    assert judge("I am reporting you to the FCC").grade == "likely"
    assert judge("see you at 3").grade == "no"


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("Fwd: our text >> take me off", " take me off"),
        ("Fwd: our text\nSTOP", "STOP"),
        ("why?\nFwd: our text\nReply STOP to end", "why?"),
        ("Fwd: take me off your list", ""),
        ("FW: 20% off today -> Reply STOP to end", " Reply STOP to end"),
        ("Re: our text - unsubscribe -- Sent from my Galaxy", "Re: our text - unsubscribe"),
        ("remove me — Sent from my iPhone 15", "remove me"),
        ("our sale - sent from my heart, take me off", None),
        ("pictures sent from my phone - remove me", None),
        ("your ad - sent from my bed please stop", None),
    ],
)
def test_what_stands_beside_a_forward_or_before_a_signature(text: str, body: str | None) -> None:
    assert cut(text).body == (text if body is None else body)


def test_an_opt_out_beside_a_forward_counts() -> None:
    assert "opt_out" in judge("Fwd: our text >> take me off").labels
    assert "opt_out" in judge("Re: our text - unsubscribe -- Sent from my Galaxy").labels
    assert "opt_out" not in judge("FW: 20% off today -> Reply STOP to end").labels


def test_an_echo_of_our_own_text_says_nothing() -> None:
    ours = "Big sale today! No more texts? Take me off your list: reply STOP."
    assert judge(ours, sent=[ours]).labels == ("other",)
    assert "opt_out" in judge(f"{ours}\nplease stop", sent=[ours]).labels


def test_the_language_is_beside_the_labels() -> None:
    for text in (
        "Dejen de mandarme mensajes",
        "Gracias",
        "¿Cuánto cuesta?",
        "baja",
        "Mi nombre es Luis",
    ):
        assert judge(text).lang == "es", text
    for text, language in (
        ("ne m'envoyez plus rien", "fr"), ("Bitte keine SMS mehr", "de"),
        ("My name is Sarah", "en"),
        ("não quero mais receber", "pt"), ("не пишите мне", "ru"), ("メールいりません", "ja"),
    ):  # fmt: skip
        assert judge(text).lang == language, text


def test_the_sellers_view() -> None:
    assert seller_view(judge("Stop texting me?")) == ("STOP",)
    assert seller_view(judge("sí, mañana a las 3?")) == ("YES", "question", "Spanish")
    assert seller_view(judge("running late")) == ("other",)


@pytest.mark.slow
def test_folding_and_cutting_take_anything(seed: int) -> None:
    random = Random(seed)
    pieces = ["“", "”", '"', ">", "\n", "Liked ", "stop", " ", ".", "Reacted 👍 to ", "wrote:", "ﷺ",
              "-- Sent from my iPhone", "Fwd: ", "On Monday he ", ">>", "take me off",
              "а", "́", "🇸", "İ", "ß", "ŉ", "0", "$"]  # fmt: skip
    for _ in range(1_000):
        text = "".join(
            random.choice(pieces) if random.random() < 0.7 else chr(random.randrange(0x11_0000))
            for _ in range(random.randrange(40))
        )
        assert fold(fold(text)) == fold(text), f"seed {seed}"
        once = cut(text).body
        assert cut(once).body == once, f"seed {seed}"
        assert len(once) <= len(text) + 40
        tokens(text)
        assert judge(text).labels


@pytest.mark.slow
def test_a_batch_of_hostile_replies_gives_way() -> None:
    texts = [("don't stop texting me . " * 70)[:1_590] + str(number) for number in range(300)]
    out = bytearray()
    longest = 0.0
    began = time.process_time()
    for _ in label_slices(texts, out):
        longest = max(longest, time.process_time() - began)
        began = time.process_time()
    assert bytes(out) == label_batch(texts)
    assert longest < 0.5
