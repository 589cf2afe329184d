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
    "leave, exit, no more, dnc, do not contact, do not text, do not call",
    "alto, pare, para, basta, cancelar, detener, salir, sal, anular, fin, darse de baja, "
    "no moleste",
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
    "start, unstop, subscribe, resubscribe, optin, opt in, opt-in, start all",
    # Asked for by name in what we send; they undo nothing but an opt-out.
    "join, resume, continue, begin",
    "alta, suscribir, suscribirme, iniciar, reanudar",
)
"""Folded words that mean opt-in, as the whole message."""

HELP: Final = _table(
    "help, info, support, agent, help me, more info, need info, information, customer service",
    "ayuda, información, aide, aide svp, hilfe, ajuda, aiuto, hulp, hjälp, hjelp, hjælp, pomoc",
    "помощь, 帮助, ヘルプ, 도움말, مساعدة, yardım, trợ giúp, tulong, èd, मदद",
)
"""Folded words that ask for help, as the whole message."""

YES: Final = _table(
    "yes, y, yeah, yea, yep, yup, yes please, yes thanks, sure, absolutely, definitely, ya, yas",
    "sure thing, ok, okay, k, kk, sounds good, sounds great, correct, confirmed, confirm, c",
    "of course, perfect, deal, got it, thank you, thanks, ty, agreed, i agree, will do, great",
    "let's do it, lets do it, let's do this, lets do this",
    "si, sí, si por favor, oui, ja, ja bitte, sim, da, да, hai, はい, 是, 네, evet, tak, نعم",
)
"""Folded words that say yes, as the whole message."""

NO: Final = _table(
    "no, n, nope, nah, no thanks, no thank you, no gracias, non, non merci, nein, nein danke",
    "pass, not now, not today, maybe later, not this time, no way, never, nee bedankt, nej tack",
    "nao, não, nee, nej, nie, нет, いいえ, 不, 아니요, hayir, hayır, لا",
)
"""Folded words that say no, as the whole message."""

QUESTION_MARKS: Final = frozenset("?？¿؟⸮፧՞")
"""Characters that make a reply a question."""


def _languages(**lines: str) -> dict[str, str]:
    return {fold(word): language for language, line in lines.items() for word in line.split(",")}


LANGUAGES: Final = _languages(
    es="baja, dar de baja, darme de baja, darse de baja, desuscribir, no mas, alto, pare, "
    "para, parar, "
    "basta, cancelar, detener, salir, sal, anular, fin, alta, suscribir, suscribirme, "
    "iniciar, reanudar, "
    "ayuda, información, si, sí, si por favor, no gracias, no moleste",
    fr="arret, arreter, arrete, arrett, desabonner, desinscription, desinscrire, stop au 36179, "
    "resilier, aide, aide svp, oui, non, non merci",
    de="stopp, abmelden, austragen, kündigen, hilfe, ja, ja bitte, nein, nein danke",
    pt="sair, descadastrar, chega, ajuda, sim, nao, não",
    it="disiscrivimi, cancellami, aiuto",
    nl="afmelden, uitschrijven, stoppen, hulp, nee, nee bedankt",
    sv="avregistrera, hjälp, nej tack",
    da="afmeld, hjælp",
    no="hjelp",
    pl="wypisz, rezygnuje, pomoc, nie, tak",
    ru="стоп, отписаться, помощь, да, нет",
    zh="退订, 取消订阅, 停止, 拒收, 帮助, 是, 不",
    ja="配信停止, 解除, ヘルプ, はい, いいえ, hai",
    ko="수신거부, 그만, 중지, 도움말, 네, 아니요",
    ar="توقف, إلغاء, مساعدة, نعم, لا",
    hi="band karo, बंद, मदद",
    vi="tu choi, từ chối, huy, hủy, ngung, ngừng, trợ giúp",
    tl="itigil, tama na, tulong",
    ht="kanpe, sispann, èd",
    tr="ret, iptal, yardım, evet, hayir, hayır",
    en="y, ya, n, k, stop, stopall, stop all, unsubscribe, unsub, optout, opt out, revoke, quit, "
    "end, cancel, remove, "
    "remove me, halt, desist, yes, yeah, yep, yup, no thanks, thanks, thank you, help, "
    "help me, more info, "
    "start, unstop, subscribe, resubscribe, join, resume, continue, sure, ok, okay, support, info",
)
"""Folded words -> the language that they are of."""
