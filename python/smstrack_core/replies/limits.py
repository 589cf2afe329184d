"""Every bound of the reply rules, with its reason."""

from typing import Final

JUDGED_CHARS_MAX: Final = 1_600
"""Characters that the rules see: ten message parts. Longer replies lose their middle; the keyword
floor looks further (`optout.EDGE_CHARS`)."""

TOKENS_MAX: Final = 400
"""Words that the rules see of one reply, from either end: as many as ten parts of prose hold."""

REMEMBERED_CHARS_MAX: Final = 160
"""Only texts of one part are remembered: longer ones hardly ever come twice."""

REMEMBERED_MAX: Final = 32_768
"""Judgements kept by text: some 15 MB, and most of what people send."""

PIECES_MAX: Final = 24
"""Clauses judged one by one after a veto; the rest of a reply is judged as one clause."""

JUDGE_CPU_S: Final = 0.25
"""CPU that the rules may spend on one reply: three times what the most hostile text needs, a
thousand times what most do. A rule that takes longer must not hold up the replies behind it."""

SLICE_MS: Final = 25.0
"""How long a server labels before it lets other tasks run."""

RULE_FILE_BYTES_MAX: Final = 1_048_576
"""A rule file is written by people."""

RULES_MAX: Final = 1_000
"""Rules and vetoes of one workspace, over all its files: compiles well within its budget."""

PATTERNS_MAX: Final = 4_000
"""Patterns of one workspace, over all its rules."""

PATTERN_CHARS_MAX: Final = 2_000
"""Characters of one pattern as written."""

EXPANDED_CHARS_MAX: Final = 40_000
"""Characters of one pattern once its word lists are put in."""

NESTING_MAX: Final = 12
"""Groups and lists within one another."""

GAP_WORDS_MAX: Final = 8
"""Words that `~N` may skip: more is another sentence."""

EXAMPLES_MAX: Final = 500
"""Examples of one rule: each is matched at every start."""

COMPILE_CPU_S: Final = 2
"""CPU that compiling the rules of a workspace may take, in a process of its own."""

COMPILE_BYTES_MAX: Final = 268_435_456
"""Memory that compiling them may take beside what the process needs to start."""
