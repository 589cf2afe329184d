"""The keyword table, per language, as written by the networks, the providers and the law.

Sources: the United States' rule on revoking consent (stop, quit, end, revoke, opt out, cancel,
unsubscribe), the CTIA's universal words, the providers' default lists, and usual words of other
languages. Everything is folded once when this module is loaded.
"""

from typing import Final

from smstrack_core.replies.fold import fold


def _table(*lines: str) -> frozenset[str]:
    """Words from lines; entries are separated by commas."""
    return frozenset(fold(word) for line in lines for word in line.split(","))


STOP_LINE: Final = _table(
    # Stop words that count as a whole message, line or sentence.
    "stop, stopall, stop all, unsubscribe, unsub, optout, opt out, opt-out, revoke",
    "stop2quit, stop2end, stop to end, stop to quit",
    "baja, dar de baja, darme de baja, desuscribir, no mas",
    "arret, arreter, arrete, arrett, desabonner, desinscription, desinscrire, stop au 36179",
    "stopp, abmelden, austragen",
    "sair, descadastrar, parar",
    "disiscrivimi, cancellami",
    "afmelden, uitschrijven, stoppen",
    "avregistrera, afmeld",
    "wypisz, rezygnuje",
    "стоп, отписаться",
    "退订, 取消订阅, 停止, 拒收",
    "配信停止, 解除",
    "수신거부, 그만, 중지",
    "توقف, إلغاء",
    "band karo, बंद",
    "tu choi, từ chối",
    "itigil, tama na",
    "kanpe, sispann",
)
"""Folded words that mean opt-out as a whole message, line or sentence."""

STOP_ALONE: Final = _table(
    # Words of everyday use: opt-out only when nothing else is said.
    "quit, end, cancel, remove, remove me, halt, desist, td, stoped, stopped, stop it",
    "leave, exit, no more",
    "alto, pare, basta, cancelar, detener, salir, anular, fin",
    "resilier, chega, kündigen",
    "ret, iptal, huy, hủy, ngung, ngừng",
)
"""Folded words that mean opt-out only as the whole message."""

STOP_FIRST: Final = _table("stop, stopall, unsubscribe, unsub, optout, arret, stopp, стоп")
"""Folded words that mean opt-out at the start of a line, whatever follows but `STOP_OBJECTS`."""

STOP_COURTEOUS: Final = STOP_FIRST | {"baja"}
"""Folded words that mean opt-out when only `FILLERS` follow: `baja por favor`."""

STOP_OBJECTS: Final = _table(
    "by, at, in, sign, signs, light, lights, watch, watches, over, payment, payments"
)
"""Folded words that make a `stop` before them mean something else: `stop by at 3`."""

BEFORE_STOP: Final = _table(
    "please, pls, plz, thanks, thank, you, thx, ok, okay, just, hi, hey, hello, so",
    "yes, y, yeah, yea, yep, yup, sure, si, oui, ja, sim, no, n, nope, nah, nein, nao, nee, nej",
    "start, help, por, favor, gracias, merci, bitte, danke",
)
"""Folded words that take nothing away from a stop word after them; not `non`: `non stop fun`."""

STOP_POLITE: Final = _table("quit, end, cancel, remove")
"""Folded words of everyday use that mean opt-out when only `COURTESY` follows."""

COURTESY: Final = _table("please, pls, plz, now, all, thanks, thx")
"""See `STOP_POLITE`."""

FILLERS: Final = _table(
    "please, pls, plz, thanks, thank, you, thx, ty, now, all, this, these, it, me, messages",
    "message, msg, msgs, texts, text, texting, sms, sending, messaging, contacting, immediately",
    "por, favor, gracias, ya, merci, svp, bitte, danke",
)
"""Folded words that take nothing away from a stop word before them."""

START: Final = _table(
    # Opt-in needs certainty, so words of everyday use (yes, join, go, continue) are not here.
    "start, unstop, subscribe, resubscribe, optin, opt in, opt-in, alta, suscribir, iniciar",
)
"""Folded words that mean opt-in, as the whole message."""

HELP: Final = _table("help, info, ayuda, aide, hilfe, ajuda, aiuto, support, agent")
"""Folded words that ask for help, as the whole message."""

YES: Final = _table(
    "yes, y, yeah, yea, yep, yup, yes please, yes thanks, sure, absolutely, definitely",
    "si, sí, si por favor, oui, ja, ja bitte, sim, da, да, hai, はい, 是, 네, evet, tak, نعم",
)
"""Folded words that say yes, as the whole message."""

NO: Final = _table(
    "no, n, nope, nah, no thanks, no thank you, no gracias, non, non merci, nein, nein danke",
    "nao, não, nee, nej, nie, нет, いいえ, 不, 아니요, hayir, hayır, لا",
)
"""Folded words that say no, as the whole message."""

QUESTION_MARKS: Final = frozenset("?？¿؟⸮፧՞")
"""Characters that make a reply a question."""
