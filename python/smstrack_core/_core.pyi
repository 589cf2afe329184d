"""The compiled core. Contract and documentation of the border live here.

`bytes` only goes in, results are buffers or JSON text; nothing here calls Python. Everything
that reads, writes or loops releases the GIL. Names are plain; the friendly surface is in
`smstrack_core.engine`. Source: rust/bindings/src.
"""

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Literal, Self, final

__all__ = [
    "LABELS",
    "TEMPLATE_ROLES",
    "Backup",
    "Batch",
    "Classifier",
    "ClosedError",
    "Consent",
    "Door",
    "Engine",
    "InputError",
    "Profiles",
    "Reader",
    "Request",
    "SmstrackError",
    "StorageError",
    "__version__",
    "check",
    "decode",
    "describe_providers",
    "is_certificate_url",
    "known_role",
    "log_lines",
    "parse_request",
    "providers",
    "repair",
    "schemes",
    "verify",
]

__version__: str

class SmstrackError(Exception):
    """Anything the engine can say. `code` is a stable word."""

    code: str

class InputError(SmstrackError, ValueError):
    """The sender must act; nothing was changed."""

class StorageError(SmstrackError, OSError):
    """The operator must act: the directory or its disk."""

class ClosedError(SmstrackError):
    """The engine was closed."""

@final
class Request:
    """One HTTP request as received. Frozen.

    Args:
        method: `GET`, `POST`, `HEAD`.
        target: Path and query, percent-encoding untouched.
        headers: Names and values; str or bytes values.
        body: Body bytes after transfer decoding.
    """

    def __new__(
        cls,
        method: str,
        target: str,
        headers: Mapping[str, str] | Sequence[tuple[str, str]] | None = None,
        body: bytes | None = None,
    ) -> Request: ...
    @property
    def method(self) -> str: ...
    @property
    def target(self) -> str: ...
    @property
    def headers(self) -> list[tuple[str, str]]: ...
    @property
    def body(self) -> bytes: ...

@final
class Batch:
    """Decoded requests, not yet on disk. Made by `Engine.begin`, used up by `Engine.commit`."""

    @property
    def reply_count(self) -> int: ...
    def reply_texts(self) -> list[str]:
        """Texts of the replies, in order; `""` where a reply has none."""
    @property
    def accepted(self) -> bytes:
        """Events taken from each body, in order: little-endian uint32."""

    @property
    def rejects(self) -> list[tuple[int, int, int, str]]:
        """Refused rows as (body, row, byte, code); row -1 where a body could not be read at all."""

@final
class Engine:
    """One open data directory. Safe from any thread. Use `smstrack_core.open`."""

    @staticmethod
    def open(
        path: str,
        *,
        durable: bool = True,
        create: bool = True,
        attribution_window_ms: int | None = None,
        receipt_window_ms: int | None = None,
        keep_log: bool = True,
        profiles: Profiles | None = None,
    ) -> Engine:
        """Opens or creates a directory; replays what the newest snapshot does not hold.

        `profiles` are further providers, for `sent`, `begin` and the door.

        `keep_log=False` lets snapshots trim the log behind two that were proved.
        `durable=False` leaves out fdatasync: events survive the process, not a power cut.
        Blocks on disk. Raises StorageError: already_open, format_unsupported, log_corrupt, ...
        """
    def opened(self) -> str:
        """JSON: what opening found (`snapshot_position`, `replayed_records`, `torn_bytes`,
        `torn_file`, `last_position`, `warnings`)."""
    @property
    def profiles(self) -> Profiles:
        """The profiles it was opened with."""

    def close(self) -> None:
        """Takes a snapshot if there is something new, then lets go of the directory. Idempotent."""
    def campaign(
        self,
        name: str,
        *,
        cost_micros: int | None = None,
        currency: str | None = None,
        closes_at_ms: int | None = None,
        goal: str | None = None,
        now_ms: int,
    ) -> None:
        """Registers or updates a campaign. A value left None stays as it was. Durable on return."""
    def blast(
        self,
        campaign: str,
        name: str,
        *,
        sender: str | None = None,
        at_ms: int | None = None,
        tags: Mapping[str, str] | None = None,
        now_ms: int,
    ) -> None:
        """Registers or updates a blast of a registered campaign. Durable on return."""
    def audience(
        self, campaign: str, blast: str, numbers: bytes, *, now_ms: int
    ) -> tuple[int, list[tuple[int, str]]]:
        """Adds contacts to a blast's audience.

        Args:
            numbers: Written numbers, one a line (CSV: the first column), UTF-8. Empty lines are
                passed over; row 0 may be a heading.
        Returns:
            Contacts new to the audience, and refused rows as (row from 0, code).
        Durable on return.
        """
    def sent(
        self,
        campaign: str,
        blast: str,
        provider: str,
        account: str,
        numbers: list[str],
        ids: list[str],
        *,
        now_ms: int,
    ) -> tuple[int, list[tuple[int, str]]]:
        """Registers provider message ids; early receipts that waited for them are matched.

        Returns: messages new, and refused rows as (row, code). Durable on return.
        """
    def suppress(
        self, numbers: bytes, *, opted_in: bool, reason: str, at_ms: int, now_ms: int
    ) -> tuple[int, list[tuple[int, str]]]:
        """Suppresses (or lifts suppression of) contacts by hand, numbers one a line.

        Returns: contacts whose suppression changed, and refused rows as (row, code).
        Durable on return.
        """
    def arrival(self, now_ms: int) -> int:
        """When what comes now came: `now_ms`, or the newest arrival where the clock went back.

        See `Engine::arrival` in rust/engine/src/engine/read.rs. Raises ClosedError.
        """
    def begin(
        self,
        provider: str,
        requests: Sequence[Request | bytes],
        *,
        account: str = "",
        campaign: str | None = None,
        blast: str | None = None,
        template: str | None = None,
        received_ms: int,
        into: Batch | None = None,
    ) -> Batch:
        """Decodes requests (or bare POST bodies) of one provider; writes nothing.

        They are added to `into`, a batch of this engine that is not committed yet, if one is
        given; its arrival holds then. Raises with nothing added but what came before.

        `?campaign=` and `?blast=` in a request's target count like the arguments.
        Raises InputError: unknown provider, batch over its limit.
        """
    def commit(
        self,
        batch: Batch,
        labels: bytes | None = None,
        judged: list[tuple[str, str]] | None = None,
    ) -> tuple[int, int]:
        """Logs, syncs and applies a batch: on disk when this returns, or StorageError.

        Args:
            labels: Little-endian uint16 for each reply, in order (bit n = label n; bits 14 and 15:
                the grade, 0 none, 1 certain, 2 likely, 3 no).
            judged: Language and rule ids (with blanks between them) of each reply, in order.
        Returns: first log position (0 if none), records written.
        Blocks on fsync. Batches committed from several threads at once share one.
        """
    def count(self, expression: str) -> int:
        """Contacts in a segment, exact, as of the last commit."""
    def contains(self, expression: str, number: str) -> bool: ...
    def numbers(
        self, expression: str, *, after: int = ..., count_max: int = 65536, unsuppressed: bool = False
    ) -> tuple[bytes, int, int]:
        """One page of a segment's numbers in order of contact id.

        Args:
            after: Last contact id of the page before; -1, as if left out, for the first page.

        Returns: `+` numbers, each ended by a newline; the last contact id of the page (pass it
        as `after` for the next; -1 when done); contacts left out because they are suppressed.
        """
    def ids(self, expression: str) -> bytes:
        """The segment's contact ids: little-endian uint32, ascending."""
    def roaring(self, expression: str) -> bytes:
        """The segment as a bitmap in the portable roaring format (pyroaring.BitMap.deserialize)."""
    def report(self, campaign: str) -> str:
        """JSON: one campaign's figures, all read at one moment. Raises InputError unknown_name."""
    def campaigns(self) -> list[str]: ...
    def blasts(self, campaign: str) -> list[str]: ...
    def dead_letters(self, *, after: int = 0, count_max: int = 1000) -> str:
        """JSON list, row by row: position, received_ms, provider, account, code, reason, byte, row,
        method, target, body (base64; with a request's first row). A page counts requests, ends
        early where bodies are large, and goes on after its last position."""

    def settle(self, letters: Sequence[int], now_ms: int) -> int:
        """Takes dead letters off the list, by position; returns how many were on it. Blocks on
        fsync. Raises StorageError: the disk refused."""
    def stats(self) -> str:
        """JSON counters of the directory: events, duplicates, rejects by code, parked, orphans,
        contacts, messages, positions, poisoned. No numbers, no texts."""
    def snapshot(self) -> int:
        """Makes a snapshot beside the living state, proves it, and returns the position it reaches.

        Others commit and ask meanwhile. Takes the memory of a second state. Blocks on disk.
        """
    def stop_snapshot(self) -> None:
        """Has a snapshot that is being made given up, soon: `snapshot` then raises
        `snapshot_stopped`. Does nothing without one."""
    def digest(self) -> str:
        """Hash of the whole state by its natural names: equal for equal facts in any order."""

@final
class Door:
    """The ingest door: all its sockets in one poller. Use `smstrack_core.serve`.

    One thread at a time. The caller waits until `fileno()` is readable or `timeout_ms` of the
    last answer has passed, then calls `pump`.
    """

    @staticmethod
    def bind(engine: Engine, host: str, port: int, options: str = "{}") -> Door:
        """Listens. `options`: JSON with any of the server's limits by name. Raises StorageError."""
    @property
    def address(self) -> tuple[str, int]: ...
    def fileno(self) -> int: ...
    def pump(self, now_ms: int) -> tuple[list[str] | None, int]:
        """One bounded turn: accept, read, decode, and, if no reply waits for labels, commit
        and answer.

        Returns: None, or the texts of replies to label, in order: then call `finish`; and the
        milliseconds until the next timer (-1: none).
        GIL released. Blocks on fsync.
        """
    def finish(
        self, labels: bytes, now_ms: int, judged: list[tuple[str, str]] | None = None
    ) -> int:
        """Ends a turn that returned replies: commits with these labels (see `Engine.commit`), answers.
        Returns the milliseconds until the next timer (-1: none)."""
    def drain(self, now_ms: int) -> None:
        """Stops accepting; open requests are still read, kept and answered."""
    def take_confirmations(self) -> list[str]:
        """Addresses of SNS at which subscriptions to the option `confirm_topics` are confirmed,
        asked for since the last call. Each is to be fetched once; the door fetches nothing."""
    @property
    def is_idle(self) -> bool:
        """After `drain`: whether every connection is done."""
    def wanted_certificates(self) -> list[str]:
        """URLs of certificates that requests named and that are not known yet; each once."""
    def put_certificate(self, url: str, pem: bytes) -> None:
        """Keeps a certificate under the URL where it was found.

        Raises InputError: certificate_host, key_invalid; nothing was kept.
        """
    def close(self) -> None: ...
    def stats(self) -> str:
        """JSON: connections, requests, answers by status, refusals by reason, commits, bytes."""

@final
class Consent:
    """The ledger of consent, kept replies and settings of an open engine. Use
    `smstrack_core.Engine`. Safe from any thread; times are milliseconds since 1970-01-01 UTC.
    What is written is durable on return. Questions read the log at the positions they need.
    """

    def __new__(cls, engine: Engine) -> Consent: ...
    def word(
        self,
        numbers: bytes,
        *,
        how: str,
        opted_in: bool,
        trust: str,
        sender: str,
        source: str,
        wording: str,
        at_ms: int,
        now_ms: int,
    ) -> tuple[int, list[tuple[int, str]]]:
        """Writes one word about the consent of numbers, one a line, to the ledger.

        Args:
            how: `api`, `import`, `wrong_number` or `reassigned`.
            trust: `verified`, `allowed`, or `untrusted`, which never opts anybody in.
            sender: Our side; empty where it concerns all.
        Returns: contacts whose suppression changed, and refused rows as (row, code).
        """
    def review(self, position: int, *, upheld: bool, who: str, now_ms: int) -> bool:
        """Upholds or overturns the likely opt-out at a position; whether the contact is suppressed
        now. Raises InputError: no fact there, or a certain one."""
    def explain(
        self,
        number: str,
        *,
        at_ms: int | None = None,
        known_at_ms: int | None = None,
        wording: bool = False,
        numbers: bool = False,
    ) -> str:
        """JSON: `is_known`, `suppressed`, `decided_by`, and `facts`, oldest first."""
    def ledger(
        self, *, after: int = 0, count_max: int = 1000, wording: bool = False, numbers: bool = False
    ) -> str:
        """JSON list: a page of facts in order of log position."""
    def reviews(
        self, *, after: int = 0, count_max: int = 1000, wording: bool = False, numbers: bool = False
    ) -> str:
        """JSON list: likely opt-outs that nobody has looked at, in order of log position."""
    def trend(self, *, campaign: str | None = None, weekly: bool = False) -> str:
        """JSON: opt-outs and opt-ins by day or week in UTC, distinct contacts each; `asked`."""
    def suppressed_for(self, sender: str, *, by_brand: bool = False) -> bytes:
        """Contacts that are out for one sender, or its brand: a portable roaring bitmap."""
    def set(self, campaign: str, name: str, value: str, *, now_ms: int) -> None:
        """Gives a name of a campaign (empty: of the directory) a text; an empty one takes it back."""
    def settings(self, campaign: str) -> list[tuple[str, str]]: ...
    def replies(
        self,
        *,
        campaign: str | None = None,
        labels: int = 0,
        after: int = 0,
        count_max: int = 1000,
        numbers: bool = False,
    ) -> str:
        """JSON: `rows`, replies with texts and labels in order of log position, and `next`, the
        position to go on after (null when done). `labels`: bits, any of which must be there."""
    def relabel(
        self, positions: bytes, labels: bytes, rules: list[str], *, apply: bool, now_ms: int
    ) -> str:
        """JSON: who enters and leaves each set when these replies have these labels; with `apply`
        the change is written, all or nothing.

        Args:
            positions: Little-endian uint64 of each reply.
            labels: Little-endian uint16 of each, as in `Engine.commit`.
            rules: Rule ids of each.
        """

@final
class Profiles:
    """Provider profiles that were loaded together. Frozen."""

    @staticmethod
    def load(files: list[tuple[str, str]]) -> Profiles:
        """Reads profiles, given as file name and TOML text; all of them or none.

        Each different text stays in memory for the life of the process.
        Raises InputError: profile_invalid, with the file, the line and the key.
        """
    @property
    def names(self) -> list[str]:
        """Names and aliases, in the order of the files."""

@final
class Reader:
    """Reads replies: words and marks, spelled as the rules spell them, and the language. Frozen."""

    def __new__(cls, tables: object) -> Reader:
        """Takes the tables over: an object whose attributes are those of `Told`.

        Source: rust/bindings/src/reading.rs; what each is for, rust/engine/src/reading/lexicon.rs.
        """

    def read(
        self, folded: str, written: str
    ) -> tuple[bytes, str, int, int, bool, bool, str | None]:
        """Reads a folded text; its language by what was written, too.

        Returns the mended words and marks between single blanks, with `<` and `>` at the ends,
        as UTF-8; those found, before they were mended, with a blank between; how many these are;
        how many of the mended are words; whether a keyword's word is among them; whether a
        question mark is; the language, if words or characters speak for one.

        Linear in the text. Raises UnicodeEncodeError for halves of characters.
        """

    def words(self, folded: str) -> str:
        """Words and marks of a folded text with a blank between, no letters unmasked."""

    def language(self, written: str, words: str, hints: Sequence[str]) -> str | None:
        """The language of a text, its words (blanks between), and of the rules that it met."""

def describe_providers(profiles: Profiles | None = None) -> str:
    """JSON list: every provider as data, built-in ones first, with the keys of a profile file."""

def decode(
    provider: str,
    request: Request,
    template: str | None = None,
    profiles: Profiles | None = None,
) -> str:
    """Decodes one request without an engine.

    `template` is a JSON object of parameter names that the operator chose and their roles (see
    `TEMPLATE_ROLES`); a role that is not known is passed over.

    Returns JSON: `{"events": [canonical...], "rejects": [{"row", "byte", "code"}...]}`.
    Raises InputError: unknown provider, or a body that cannot be read at all (its code, byte).
    """

def parse_request(file: bytes) -> Request:
    """Reads a raw request as `smstrack decode` takes it: request line, headers, blank line, body.

    Raises InputError: no request line, or a line of the head that is no header.
    """

def providers() -> list[str]: ...
def known_role(word: str) -> str | None:
    """The role of `TEMPLATE_ROLES` that a word stands for: in any case, by its other names too."""

def check(path: str) -> str:
    """Verifies a data directory, read-only. JSON: files, frames, positions, problems, ok."""

def log_lines(
    path: str,
    *,
    first: int,
    last: int,
    count_max: int,
    numbers: bool = False,
    texts: bool = False,
) -> str:
    """Records of a directory's log in a range of positions, as a JSON list in order.

    Ends early where it gets long, and at damage: go on after its last position. Numbers are masked
    and texts left out unless asked for. Blocks on disk; GIL released. Reads only, also beside a
    server. Raises StorageError: no data directory, or damage before the first record of the range.
    """

def repair(path: str) -> str:
    """Cuts a damaged log where it can no longer be read; what is cut stays beside it. JSON:
    `cut` (pieces: file, byte, bytes, kept_as, why), `last_position`, `records`. Blocks on disk.

    Raises StorageError: already_open; file_invalid, what cannot be repaired; io_failed.
    """

@final
class Classifier:
    """A model that says how much a reply reads like an opt-out. Frozen.

    Args:
        file: Bytes of a model's file, `replies/model.bin`.

    Raises ValueError: it is cut, changed, or of another format.
    """

    def __new__(cls, file: bytes) -> Self: ...
    def score(self, text: bytes) -> float:
        """0 to 1, for a text as `replies.matcher.haystack` makes it. A tenth of a millisecond; GIL held."""
    @staticmethod
    def file(
        weights: Sequence[int],
        scale: float,
        bias: float,
        share: float,
        networks: Sequence[bytes],
    ) -> bytes:
        """The file of a model, for the one who makes it (`training/`).

        Args:
            weights: Of the linear model, -32,768 to 32,767, each times `scale`.
            scale: See there.
            bias: The logarithm of the odds of a text without pieces.
            share: How much the linear model counts, 0 to 1; the networks' mean counts for the rest.
            networks: Each as `training/network.py` writes it; at most 8.

        Raises ValueError: the weights are not 2 to the power of 8 to 22, a network is cut.
        """
    @staticmethod
    def pieces(text: bytes, bits: int) -> bytes:
        """Pieces of each word as a network reads them: 12 numbers a word, u32 each, 0 for none.

        Raises ValueError: bits are not 8 to 22.
        """
    @staticmethod
    def features(text: bytes, bits: int) -> bytes:
        """Numbers of the weights that a text uses, u32 each, for the one who makes a model.

        Raises ValueError: bits below 8 or above 22.
        """

@final
class Backup:
    """A copy of a data directory, also while another process writes to it."""

    def __new__(cls, source: str | PathLike[str], target: str | PathLike[str]) -> Self: ...
    @property
    def progress(self) -> tuple[int, int]:
        """Bytes copied, and bytes in all as far as is known."""
    def run(self) -> str:
        """Copies, once; durable on return. JSON: `files`, `bytes`. Blocks on disk.

        Raises InputError: value_invalid, the target is not empty. StorageError: file_invalid,
        the source is no data directory; already_open, the target; io_failed.
        """
    def stop(self) -> None:
        """Breaks off `run`, from another thread; what was copied cannot be opened then."""

def verify(
    scheme: str,
    method: str,
    url: str,
    headers: Mapping[str, str | bytes] | Sequence[tuple[str, str | bytes]],
    body: bytes,
    secrets: Sequence[bytes],
    now_s: int,
    peer: str | None = None,
) -> tuple[str, str] | None:
    """Checks one request's signature. Use `smstrack_core.verify`.

    Returns: None if it holds; else a stable word and a sentence, without any secret.
    GIL released. Raises InputError: unknown_name, the scheme.
    """

def schemes() -> list[str]:
    """Names of all schemes; `NAME` in a name stands for a header field or a parameter."""

def is_certificate_url(url: str) -> bool:
    """Whether a certificate of SNS may be fetched from here."""

LABELS: tuple[
    Literal[
        "stop", "start", "help", "yes", "no", "question", "other", "wrong_number", "auto_reply",
        "abusive", "survey", "coupon", "spanish", "likely",
    ],
    ...,
]
"""Label words; a label's index is its bit."""

TEMPLATE_ROLES: tuple[str, ...]
"""Roles that a parameter of the operator's choice may have in a template."""
