"""Characters that are drawn like Latin letters: tables only. Knows nothing of words or rules.

Compatibility forms (full width, circled, bold, superscript) are not here: NFKD undoes those.
"""

from typing import Final


def word_set(text: str) -> frozenset[str]:
    """The words of a text, as a set."""
    return frozenset(text.split())


def _pairs(drawn: str, meant: str) -> dict[int, str]:
    return dict(zip(map(ord, drawn), meant, strict=True))


def _run(first: int, letters: str = "abcdefghijklmnopqrstuvwxyz") -> dict[int, str]:
    return {first + index: letter for index, letter in enumerate(letters)}


ALWAYS: Final[dict[int, str]] = {
    # Letters that no language here spells words of its own with, or that lose only a stroke.
    **_run(0x1F1E6),  # regional indicators: flags
    **_run(0x1F150),  # negative circled
    **_run(0x1F170),  # negative squared
    **_pairs("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnoprstuvwyz"),
    **_pairs("øłđħŧƀɍıȷɇɨʉƶɡɑɩ", "oldhtbrijeiuzgai"),
    **_pairs("ØŁĐĦŦɃɌɆƗɄƵ", "oldhtbreiuz"),
    **_pairs("ꓐꓑꓒꓓꓔꓖꓗꓙꓚꓜꓝꓟꓠꓡꓢꓣꓥꓦꓧꓪꓫꓬꓮꓰꓲꓳꓴ", "bpddtgkjczfmnlsravhwxyaeiou"),
    **_pairs("ᏚᎢᏢᎪᏴᏟᎠᎬᎻᎫᏦᏞᎷᏀᏒᏙᎳᏃ", "stpabcdehjklmgrvwz"),
    **_pairs("ᎡᎥᎩᏕᎾᏻ", "riysog"),
    **_pairs("ᛕ†‡ᔕᑭᑌᗩᗪᑕᗷᑎᒪᗰᖇ", "kttspuadcbnlmr"),
    **_pairs("æœÆŒ", "aoAO"),
    # Arabic letters that are written for one another.
    **_pairs("ةىیکەٱ", "هييكها"),
}
"""Characters that always mean the same Latin (or usual Arabic) letter."""

LOOKALIKES: Final[dict[str, str]] = {
    # Cyrillic
    **dict(zip("аеорсухіјѕԁԛԝһӏтмкнвԍ", "aeopcyxijsdqwhltmkhbg", strict=True)),
    # Greek
    **dict(zip("αορτυνεικηχβςσζωμγϲ", "aoptuveiknxbsszwuyc", strict=True)),
    # Armenian
    **dict(zip("օսոհցքեատլզ", "ounhgpeaslq", strict=True)),
}
"""Lower-case letters of other alphabets that pass for a Latin one, where a word shows that."""

CAPITALS: Final[dict[str, str]] = {
    **LOOKALIKES,
    **dict(zip("μνυηρχ", "mnyhpx", strict=True)),
}
"""The same for words whose capitals pass for Latin ones: `ΜΕ` is `me`, as `μ` it would be `u`."""

LEET: Final[dict[int, str]] = _pairs("0135789@$!+|€", "oiestbgasitle")
"""Digits and signs that stand for a letter inside a word."""

DISGUISED: Final = word_set(
    "stop stopall stopp stopped unsubscribe unsub end quit cancel remove revoke opt out optout "
    "halt desist all baja alto pare parar basta fin salir cancelar arret sair td ret iptal start "
    "unstop yes no help info join me text texts texting sms please now"
)
"""Latin words that are looked for behind letters which are all of another alphabet."""
