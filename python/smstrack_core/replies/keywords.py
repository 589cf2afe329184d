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
    # Stop words that count as a whole message or as its whole first line.
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
"""Folded words that mean opt-out as the whole message or the whole first line."""

STOP_ALONE: Final = _table(
    # Words of everyday use: opt-out only when nothing else is said.
    "quit, end, cancel, remove, halt, desist, td, stoped, stop it, leave, exit, no more",
    "alto, pare, basta, cancelar, detener, salir, anular, fin",
    "resilier, chega, kündigen",
    "ret, iptal, huy, hủy, ngung, ngừng",
)
"""Folded words that mean opt-out only as the whole message."""

STOP_FIRST: Final = _table("stop, stopall, unsubscribe, unsub, optout, arret, stopp, baja, стоп")
"""Folded first words that mean opt-out when only `FILLERS` follow: `STOP please`."""

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
