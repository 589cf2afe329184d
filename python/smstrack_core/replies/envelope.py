"""What stands around a reply's own words, cut off: tapbacks, quotes, forwards, echoes, signatures.

An opt-out inside a quotation of our own text never counts; one outside it does. Pure, linear.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple, final

from smstrack_core.replies import keywords

_OPEN: Final = "“\"«„‘'‹「『"
_CLOSE: Final = "”\"»“’'›」』"
_OPENERS: Final = frozenset(_OPEN)
_TAPBACKS: Final = (
    # iMessage and Google Messages, as they arrive at phones that do not know them.
    "liked", "loved", "laughed at", "disliked", "emphasized", "emphasised", "questioned",
    "reacted to", "removed a like from", "removed a heart from", "removed a dislike from",
    "removed a laugh from", "removed an exclamation from", "removed a question mark from",
    "le gustó", "le gusta", "le encantó", "le encanta", "me gusta", "me encanta", "se rió de",
    "se ríe de", "no le gustó", "enfatizó", "destacó", "dio énfasis a", "preguntó por", "cuestionó",
    "reaccionó a", "puso me gusta a", "puso un me gusta a",
    "a aimé", "a adoré", "a ri de", "a ri à", "n’a pas aimé", "n'a pas aimé", "a mis en évidence",
    "a souligné", "a réagi à", "a insisté sur", "s’est interrogé sur", "s'est interrogé sur",
    "gefällt", "gefällt mir", "mag", "liebt", "hat gelacht über", "lachte über", "hat geliked",
    "missfällt", "betonte", "hat betont", "hinterfragte", "hat hinterfragt", "hat reagiert auf",
    "curtiu", "gostou de", "amou", "adorou", "riu de", "não gostou de", "enfatizou", "reagiu a",
    "questionou", "descurtiu",
    "ha messo mi piace a", "ha messo “mi piace” a", "piace", "ha adorato", "ha riso a",
    "ha riso di",
    "ha enfatizzato", "ha reagito a", "non è piaciuto", "ha contestato",
    "vond", "vindt", "heeft gereageerd op", "vond leuk", "lachte om", "benadrukte",
    "gillade", "älskade", "skrattade åt", "ogillade", "betonade", "ifrågasatte", "reagerade på",
    "likte", "elsket", "lo av", "mislikte", "reagerte på", "synes godt om", "elskede", "grinede ad",
    "polubił(a)", "polubił", "polubiła", "zareagował(a) na", "понравилось", "нравится",
    "beğendi", "đã thích", "nagustuhan",
    "赞了", "喜欢", "いいね", "좋아함",
)  # fmt: skip
_IMAGES: Final = (
    "an image", "a photo", "a picture", "a video", "an attachment", "a movie", "a voice message",
    "una imagen", "una foto", "une image", "une photo", "ein bild", "ein foto", "uma imagem",
    "un'immagine", "un’immagine", "een afbeelding", "en bild", "et bilde", "et billede",
)  # fmt: skip
_REACTED: Final = ("reacted ", "reaccionó con ", "a réagi avec ", "reagierte mit ", "reagiu com ",
                   "ha reagito con ", "reagerade med ", "reagerte med ",
                   "reageerde met ")  # fmt: skip
_REACTED_TO: Final = ("to ", "a ", "à ", "auf ", "till ", "på ", "op ")
_SIGNATURES: Final = (
    "sent from my", "sent from", "sent via", "get outlook for", "enviado desde mi",
    "enviado desde", "enviado do meu", "enviado de mi", "envoyé de mon", "envoyé depuis",
    "envoyé à partir", "von meinem", "gesendet von", "gesendet mit", "inviato da",
    "verzonden vanaf",
    "verstuurd vanaf", "skickat från", "sendt fra", "wysłane z", "отправлено с", "iphone'umdan",
    "iphone’umdan", "发自我的", "iphoneから送信", "나의 iphone에서", "sent with",
)  # fmt: skip
_FORWARDS: Final = (
    "fwd:", "fw:", "forwarded message", "begin forwarded message", "---------- forwarded",
    "-----original message", "----- original message", "-------- original message", "tr :", "tr:",
    "wg:", "rv:", "i:", "enc:", "mensaje reenviado", "message transféré",
    "weitergeleitete nachricht",
    "mensagem encaminhada", "messaggio inoltrato", "doorgestuurd bericht", "vidarebefordrat",
    "videresendt", "przekazana", "пересланное", "переслано",
)  # fmt: skip
_SIGN_OFF_CHARS: Final = 64
"""Characters at the end of a reply in which a signature on the same line is looked for."""
_SIGN_OFFS: Final = ("sent from my ", "enviado desde mi ", "enviado do meu ", "envoyé de mon ",
                     "gesendet von meinem ", "inviato dal mio ", "verzonden vanaf mijn ",
                     "skickat från min ", "sendt fra min ")  # fmt: skip
_DEVICE_WORDS_MAX: Final = 3
_DASHES: Final = frozenset("-–—|")
_ARROWS: Final = (">>", "->", "=>", "»", "→")
_WROTE: Final = ("wrote:", "escribió:", "a écrit :", "a écrit:", "schrieb:", "escreveu:",
                 "ha scritto:", "schreef:", "skrev:", "napisał:", "napisał(a):", "написал:",
                 "пишет:", "написала:", "写道:", "写道：", "wrote :")  # fmt: skip
_HEADS: Final = frozenset(words[:3] for words in (*_TAPBACKS, *_REACTED, *_FORWARDS))
"""How a tapback or a forward begins: its first three characters."""
_QUOTED: Final = (">", "|>", "&gt;")
"""How a line begins that mail programs quote."""
ECHO_CHARS_MIN: Final = 12
"""Shorter texts of ours are words that anybody may say."""
_QUOTED_WORDS_MIN: Final = 3
"""Shorter quotations are words in quotation marks: `"STOP"`."""


@final
class Envelope(NamedTuple):
    """A reply without what stands around it."""

    body: str
    cuts: tuple[str, ...]
    """What was cut: tapback, quote, forward, echo, signature."""


def cut(text: str, sent: Iterable[str] = ()) -> Envelope:
    """The reply's own words.

    Args:
        text: The reply.
        sent: Texts of ours that it may repeat.

    Cut again, they stay what they are: what stood within a quotation may be one more.
    """
    found = _cut_once(text, sent)
    if found.body == text:
        return found
    cuts = list(found.cuts)
    while (again := _cut_once(found.body, ())).body != found.body:
        cuts += again.cuts
        found = again
    return Envelope(found.body, tuple(cuts))


def _cut_once(text: str, sent: Iterable[str]) -> Envelope:
    own = _without_sign_off(text)
    if own is text and not sent and _is_bare(text):
        return Envelope(text, ())
    cuts = [] if own is text else ["signature"]
    body = _without_echoes(own, sent, cuts) if sent else own
    first = body[:1]
    if first.isalpha() and first.isascii() and body.isprintable() and not _begins_so(body):
        if _has_opener(body):
            body = _without_quotations(body, cuts)
        return Envelope(body, tuple(cuts))
    if (first and (first.isalpha() or not first.isascii())) or first == " ":
        body = _without_tapback(body, cuts)
    if "\n" in body or "\r" in body or first == ">":
        body = _without_lines(body, cuts)
    elif body[:16].lstrip(" -<").lower().startswith(_FORWARDS):
        cuts.append("forward")
        body = _after_arrow(body)
    if _has_opener(body):
        body = _without_quotations(body, cuts)
    return Envelope(body, tuple(cuts))


def _has_opener(body: str) -> bool:
    """Whether a quotation may begin somewhere."""
    if body.isascii():
        return '"' in body or "'" in body
    return not _OPENERS.isdisjoint(body)


def _is_bare(text: str) -> bool:
    """Whether plainly nothing stands around it, as with most replies."""
    if not (text.isascii() and text.isprintable()) or '"' in text or "'" in text:
        return False
    head = text[:3].lower()
    return head[:1].isalpha() and head not in _HEADS and head[1:2] != ":"


def _begins_so(body: str) -> bool:
    """Whether a text that begins with a Latin letter may begin as a tapback or forward does."""
    head = body[:3].lower()
    return head in _HEADS or head[1:2] == ":"


def _without_sign_off(text: str) -> str:
    """Without a signature behind a dash on its last line: `unsubscribe -- Sent from my phone`."""
    tail = text[-_SIGN_OFF_CHARS:]
    if _DASHES.isdisjoint(tail):
        return text
    low = tail.lower()
    if len(low) != len(tail) or " m" not in low:
        return text
    for mark in _SIGN_OFFS:
        at = low.rfind(mark)
        before = tail[: max(at, 0)].rstrip(" ")
        device = tail[at + len(mark) :]
        if before[-1:] in _DASHES and _is_device(device):
            return text[: len(text) - len(device) - len(mark)].rstrip(" -–—|")
    return text


def _is_device(words: str) -> bool:
    """Whether so little follows that it is the name of a telephone, and no sentence."""
    named = words.lower().rstrip(" .").split()
    is_short = len(named) <= _DEVICE_WORDS_MAX and all(map(str.isalnum, named))
    return is_short and keywords.STOP_FIRST.union(keywords.STOP_POLITE).isdisjoint(named)


def _after_arrow(line: str) -> str:
    """What its sender wrote behind an arrow beside a forward: `Fwd: our text >> take me off`."""
    at, arrow = max((line.rfind(arrow), arrow) for arrow in _ARROWS)
    return line[at + len(arrow) :] if at >= 0 else ""


def _without_echoes(text: str, sent: Iterable[str], cuts: list[str]) -> str:
    for ours in sent:
        known = ours.strip()
        if len(known) < ECHO_CHARS_MIN:
            continue
        at = text.lower().find(known.lower())
        if at >= 0 and len(text.lower()) == len(text):
            text = f"{text[:at]}\n{text[at + len(known) :]}"
            cuts.append("echo")
    return text


def _without_tapback(text: str, cuts: list[str]) -> str:
    stripped = text.lstrip()
    low = stripped[:64].lower()
    rest = ""
    for verb in _TAPBACKS if low.startswith(_TAPBACKS) else ():
        if low.startswith(verb):
            rest = stripped[len(verb) :].lstrip(" :\u00a0")
            if rest[:1] in _OPEN and rest:
                break
            if rest.lower().rstrip(" .").startswith(_IMAGES):
                cuts.append("tapback")
                return ""
            rest = ""
    rest = rest or _reacted(stripped, low)
    if not rest:
        return text
    cuts.append("tapback")
    end = max(rest.rfind(mark) for mark in _CLOSE)
    return rest[end + 1 :] if end > 0 else ""


def _reacted(stripped: str, low: str) -> str:
    """The quotation after `Reacted 👍 to `, or after `👍 to `."""
    for verb in _REACTED:
        if low.startswith(verb):
            stripped, low = stripped[len(verb) :], low[len(verb) :]
            break
    emoji, _, rest = stripped.partition(" ")
    if not emoji or emoji.isascii() or emoji[0].isalpha() or len(emoji) > 8:
        return ""
    for word in _REACTED_TO:
        after = rest[len(word) :].lstrip(" \u00a0\u200a\u200b\u202f")
        if rest.lower().startswith(word) and after and after[0] in _OPEN:
            return after
    return ""


def _without_lines(text: str, cuts: list[str]) -> str:
    """Without quoted lines, forwards and signatures."""
    kept: list[str] = []
    lines = iter(text.splitlines())
    is_first_head = True
    while (line := next(lines, None)) is not None:
        bare = line.strip()
        low = bare[:64].lower().lstrip("- ")
        if bare.startswith(_QUOTED):
            cuts.append("quote")
        elif low.startswith(_FORWARDS):
            cuts.append("forward")
            is_answered = any(map(str.strip, kept))
            lines = iter(_below(list(lines), is_answered=is_answered))
        elif bare.lower().endswith(_WROTE):
            cuts.append("quote")
            if is_first_head:
                is_answered = any(map(str.strip, kept))
                lines = iter(_below(list(lines), is_answered=is_answered))
            is_first_head = False
        elif kept and (line in ("--", "-- ", "—", "__") or low.startswith(_SIGNATURES)):
            cuts.append("signature")
            break
        else:
            kept.append(line)
    while kept and not kept[-1]:
        kept.pop()
    return "\n".join(kept)


def _below(lines: list[str], *, is_answered: bool) -> list[str]:
    """What its sender wrote below `On Monday, they wrote:` or `Fwd: our text`.

    Lines that are marked are quoted, and those after them are the sender's. Where none is marked,
    all of it is quoted if the answer stands above, and nothing can be told if none does.
    """
    marked = [at for at, line in enumerate(lines) if line.strip().startswith(_QUOTED)]
    if marked:
        return [line for line in lines[marked[0] :] if not line.strip().startswith(_QUOTED)]
    return [] if is_answered else lines


def _without_quotations(text: str, cuts: list[str]) -> str:
    """Without sentences in quotation marks, where words of the sender's own stand beside them."""
    out: list[str] = []
    at = 0
    while at < len(text):
        char = text[at]
        pair = _OPEN.find(char)
        if pair < 0 or char in "'’‘" or (char.isascii() and not _opens(text, at)):
            out.append(char)
            at += 1
            continue
        end = text.find(_CLOSE[pair], at + 1)
        inner = text[at + 1 : end] if end > 0 else ""
        if len(inner.split()) >= _QUOTED_WORDS_MIN:
            out.append("\n")
            at = end + 1
        else:
            out.append(" " if inner else char)
            out.append(inner)
            at = end + 1 if inner else at + 1
    left = "".join(out)
    if "\n" not in left or not any(map(str.isalnum, left)):
        return text
    cuts.append("quote")
    return left


def _opens(text: str, at: int) -> bool:
    return at == 0 or not text[at - 1].isalnum()
