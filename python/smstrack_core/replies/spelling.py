"""Shorthand and slips of the finger -> the word that was meant. Tables, built once; pure.

Short words are corrected only where the slip is no word of its own: `stpo` is `stop`, but `shop`,
`step`, `top`, `spot` and `stomp` are what they are. The core mends by these tables
(`rust/engine/src/reading/spelling.rs`).
"""

from collections.abc import Iterable
from functools import cache
from typing import Final

from smstrack_core.replies import keywords
from smstrack_core.replies.disguise import word_set

_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
_NEAR: Final[dict[str, str]] = {
    "q": "wa", "w": "qase", "e": "wsdr", "r": "edft", "t": "rfgy", "y": "tghu", "u": "yhji",
    "i": "ujko", "o": "iklp", "p": "ol", "a": "qwsz", "s": "awedxz", "d": "serfcx", "f": "drtgvc",
    "g": "ftyhbv", "h": "gyujnb", "j": "huiknm", "k": "jiolm", "l": "kop", "z": "asx", "x": "zsdc",
    "c": "xdfv", "v": "cfgb", "b": "vghn", "n": "bhjm", "m": "njk",
}  # fmt: skip
"""Keys beside each key."""

SHORTHAND: Final[dict[str, str]] = {
    "u": "you", "yall": "you", "ur": "your", "yr": "your", "urs": "yours",
    "pls": "please", "plz": "please", "plss": "please", "plzz": "please", "pleez": "please",
    "pleese": "please", "pleeze": "please", "pleaze": "please", "plese": "please",
    "plse": "please", "pleas": "please", "kindly": "please", "plox": "please", "plis": "please",
    "lst": "list", "lsit": "list", "tks": "thanks",
    "lemme": "let me", "stahp": "stop", "stahpp": "stop", "outta": "out of", "thx": "thanks",
    "thnx": "thanks", "thanx": "thanks", "tnx": "thanks", "msg": "message", "msgs": "messages",
    "mssg": "message", "mssgs": "messages", "massage": "message", "massages": "messages",
    "mesages": "messages", "mesage": "message", "txt": "text", "txts": "texts",
    "txting": "texting", "texing": "texting", "texitng": "texting", "msging": "messaging",
    "nmbr": "number", "wanna": "want to",
    "gimme": "give me", "gotta": "got to", "donot": "dont", "dnt": "dont", "dunt": "dont",
    "cannot": "cant", "bc": "because", "abt": "about", "unsubs": "unsub",
    "frm": "from", "txtin": "texting", "textin": "texting",
    "kiero": "quiero", "qiero": "quiero", "kieren": "quieren", "xfavor": "por favor",
    "porfa": "por favor", "porfavor": "por favor", "xfa": "por favor", "mensages": "mensajes",
    "mensage": "mensaje", "msj": "mensaje", "msjs": "mensajes", "nomas": "no mas",
    "nomore": "no more", "rmv": "remove", "rmove": "remove",
    "dlt": "delete",
    "vcs": "voces", "vc": "voce", "msgm": "mensagem",
}  # fmt: skip
"""Written short -> written out. Applied to replies and to the phrases of rules alike."""

PAIRS: Final = (
    (" do not ", " dont "), (" did not ", " didnt "), (" does not ", " doesnt "),
    (" will not ", " wont "), (" can not ", " cant "), (" is not ", " isnt "),
    (" am not ", " not "), (" im not ", " not "), (" i am ", " im "), (" you are ", " youre "),
    (" i would ", " id "), (" i will ", " ill "), (" has not ", " hasnt "), (" was not ",
    " wasnt "),
    (" would not ", " wouldnt "), (" un subscribe", " unsubscribe"),
    (" un suscribe", " unsubscribe"), (" opt me out ", " opt out "),
    (" opt us out ", " opt out "), (" opt it out ", " opt out "), (" wrong # ", " wrong number "),
    (" non stop ", " nonstop "), (" no mo ", " no more "),
    (" text message ", " text "), (" text messages ", " texts "),
)  # fmt: skip
"""Phrases, blanks around -> as the rules spell them, in order. For replies and rules alike."""

_LONG: Final = (
    "unsubscribe", "unsubscribed", "unsubscribing", "subscription", "cancel", "remove", "removed",
    "delete", "texting", "messages", "message", "messaging", "sending", "contacting", "immediately",
    "optout", "revoke", "discontinue", "notifications", "harassing",
    "cancelar", "desuscribir", "mensajes", "abmelden", "afmelden", "uitschrijven", "descadastrar",
    "disiscrivimi", "cancellami", "desabonner", "avregistrera", "nachrichten", "messaggi",
    "mensagens", "wiadomosci",
)  # fmt: skip
"""Words of six letters and more: one slip anywhere is corrected."""

_REAL: Final = word_set(
    # Words that are one slip away from a word above and mean themselves.
    "cancer cancels cancela cancele cancelo cancelas cancelan cancell canceled cancelled remote "
    "removes remover removed remova remove removo removal delete deleted deletes deletar delate "
    "testing texting vexing message messages massage massages messager passage mensaje mensagem "
    "mensajes mensagens sending spending mending vending lending bending tending pending fending "
    "ending rending feeding sensing evoke revoked revokes revolve provoke optout layout dressing "
    "subscriptions subscription inscription cancelar cancelare cancellare cancelara cancelada "
    "cancelado notification unsubscribes resubscribe subscribe subscribed messaggi messaggio "
    "abgemeldet nachricht desuscribirme desuscribir desuscribire desabonne messages messaged "
    "cancelas cancelou cancellami cancellati delete deleter relate debate elate "
    "anmelden resuscribir resuscribirme "
    "seeding sanding standing contracting contacting heeding needing weeding sewing seining"
)

_STOP_WORDS: Final = word_set(
    # Real words near `stop`, in any language of the rules; never corrected.
    "stop shop step top spot stoop stomp slop swop strop stow sop atop shtop snop crop drop prop "
    "stopt sto stops stoup stob stot stor stoe sta stip stap stp stou soap scop skip "
    "stok stol stoop stof stog"
)

ALONE: Final[dict[str, str]] = {
    **dict.fromkeys(("stp", "atop", "sto", "sop", "stap", "stip", "stol", "stob", "stopt"), "stop"),
    **dict.fromkeys(("stopit", "stopplease", "stopnow", "stopthis", "stopme", "stoptexting",
    "stopstop"), "stop"),
    **dict.fromkeys(("quti", "qiut", "qut", "quitt", "quuit", "uqit", "qit", "quot"), "quit"),
    **dict.fromkeys(("edn", "ennd", "endd", "emd", "ebd", "wnd"), "end"),
    **dict.fromkeys(("unsuscribe", "unscribe", "unsubscrip", "unsubscrib", "unsubsribe"),
    "unsubscribe"),
    **dict.fromkeys(("unsubcribe", "unsuscribed", "unsusbcribe", "unsibscribe", "unsubcrib"),
    "unsubscribe"),
    **dict.fromkeys(("opt oit", "opt ou", "opt our", "opr out", "opt oit", "otp out", "opout",
    "optour"), "opt out"),
    **dict.fromkeys(("cancle", "cancell", "cancelled", "canceled", "cnacel", "cancal"), "cancel"),
    **dict.fromkeys(("detner", "deterner"), "detener"),
    **dict.fromkeys(("vaja", "bja", "bajaa"), "baja"),
    **dict.fromkeys(("aret", "arrett", "arreet", "arrret"), "arret"),
}  # fmt: skip
"""Slips that are corrected only where nothing is said beside but courtesy; `_more_alone` adds."""


def _slips(word: str) -> Iterable[str]:
    """Everything one transposition, one missing, doubled or neighbouring key away."""
    for at in range(len(word)):
        head, char, tail = word[:at], word[at], word[at + 1 :]
        yield head + tail
        yield head + char + char + tail
        for near in _NEAR[char]:
            yield head + near + tail
            yield head + near + char + tail
            yield head + char + near + tail
        if tail:
            yield head + tail[0] + char + tail[1:]


def _edits(word: str) -> Iterable[str]:
    """Everything one edit away, whichever the letter."""
    for at in range(len(word) + 1):
        head, tail = word[:at], word[at:]
        for letter in _LETTERS:
            yield head + letter + tail
            if tail:
                yield head + letter + tail[1:]
        if tail:
            yield head + tail[1:]
        if len(tail) > 1:
            yield head + tail[1] + tail[0] + tail[2:]


_REAL_ALONE: Final = word_set(
    # Words near `stop`, `quit` and `out` that mean themselves even alone, in any language.
    "stool stoll stroop topp sopp soop toop zztop settop asstop qui quid quiet quilt quip quiz "
    "quint quirt quoit uit unit suit wit it in our oat oui"
)


def _more_alone() -> dict[str, str]:
    """Two slips in `stop` where one is a doubled letter, and one in `quit` and in `opt out`."""
    found = {}
    for slip in _slips("stop"):
        for at, char in enumerate(slip):
            found[slip[:at] + char + slip[at:]] = "stop"
    found.update(dict.fromkeys(_slips("quit"), "quit"))
    for word in _STOP_WORDS | _REAL_ALONE:
        found.pop(word, None)
    for slip in _slips("out"):
        if len(slip) > 1 and slip not in _REAL_ALONE:
            found[f"opt {slip}"] = "opt out"
    for slip in ("op", "otp", "opy", "ipt", "opp", "optt"):
        found[f"{slip} out"] = "opt out"
    found.update(dict.fromkeys(("stawp", "stawpp", "sthap", "sopt", "soptt", "spto"), "stop"))
    return found


def _table() -> dict[str, str]:
    found: dict[str, str] = {}
    for word in _LONG:
        for slip in _edits(word):
            found.setdefault(slip, word)
    for slip in ("unsuscribe", "unscribe", "unsusribe", "unsubcrib", "unsubsrib", "unsubcsribe"):
        found[slip] = "unsubscribe"
    for slip in _slips("stop"):
        if slip not in _STOP_WORDS:
            found[slip] = "stop"
    for word in (*_LONG, *_REAL):
        found.pop(word, None)
    return found


ALONE.update({slip: word for slip, word in _more_alone().items() if slip not in ALONE})

CORRECTIONS: Final = {**_table(), **SHORTHAND}
"""Misspelt or short -> as the rules spell it."""

PARTED: Final = word_set("stop unsubscribe unsub cancel remove optout stopall")
"""Keywords that are known when a blank stands inside them, and nothing else is said: `sto p`."""

_USUAL: Final = (
    "off", "free", "need", "good", "too", "leave", "alone", "take", "list", "number", "dont",
    "want",
    "more", "so", "again", "already", "lose", "why", "what", "who", "love", "hate", "stupid", "ugh",
    "spam", "wrong", "not", "interested", "you", "your", "of", "see", "will", "call", "tell",
    "send", "ever", "never", "keep", "please",
)  # fmt: skip

MEANT: Final = word_set("stop unsubscribe unsub cancel remove texting baja alto quit")
"""Words looked for behind digits and signs (`st0p`, `$top`) wherever they stand."""

LEET_INSIDE: Final = frozenset("0134579@$")
"""Digits and signs that are looked behind where letters stand beside them."""


def mended_phrase(phrase: str) -> str:
    """The words of a rule's phrase as the reader writes those of replies."""
    text = " ".join(SHORTHAND.get(word, word) for word in phrase.split(" "))
    padded = f" {text} "
    for before, after in PAIRS:
        if before in padded:
            padded = padded.replace(before, after)
    return padded[1:-1]


@cache
def known_words() -> frozenset[str]:
    """Words that a longer spelling may stand for."""
    tables = (
        *(keywords.STOP_LINE, keywords.STOP_ALONE, keywords.START, keywords.HELP, keywords.YES),
        *(keywords.NO, keywords.FILLERS, keywords.BEFORE_STOP, keywords.COURTESY),
    )
    singles = {word for table in tables for line in table for word in line.split(" ")}
    return frozenset(singles | set(_LONG) | set(SHORTHAND) | set(_USUAL))
