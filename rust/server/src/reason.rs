//! Every refusal the door can say: status, stable word, sentence. Knows neither when one
//! applies nor how it is sent. Bodies that decode badly are the engine's to explain.

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident = $status:literal $word:literal $sentence:literal,)+) => {
        /// Why a request was refused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Reason { $($(#[$doc])* $variant,)+ }

        impl Reason {
            /// Every reason, in order of `as usize`.
            pub const ALL: &'static [Reason] = &[$(Reason::$variant,)+];
            /// The status line's number.
            pub const fn status(self) -> u16 { match self { $(Self::$variant => $status,)+ } }
            /// The stable word.
            pub const fn word(self) -> &'static str { match self { $(Self::$variant => $word,)+ } }
            /// What happened and what to do. Plain ASCII without quotes: it goes into JSON as is.
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$variant => $sentence,)+ }
            }
        }
    };
}

reasons! {
    /// A CR or LF that is not part of a CRLF.
    LineEnd = 400 "line_end_invalid" "every line of the head ends with CR LF; one of the two stands alone",
    /// Not `METHOD target HTTP/1.1`.
    RequestLine = 400 "request_line_invalid" "the first line is not a method, a target and HTTP/1.1",
    /// A name that is not a token, a fold, a space before the colon.
    HeaderName = 400 "header_name_invalid" "a header field's name is not a token followed by a colon",
    /// A control character in a value.
    HeaderValue = 400 "header_value_invalid" "a header field's value holds a control character",
    /// A target that is neither a path nor an absolute URL, or not ASCII.
    Target = 400 "target_invalid" "the target is not a path in ASCII; percent-encode the rest",
    /// None, two, or one that is not a host.
    Host = 400 "host_invalid" "there must be exactly one Host header field, and it must name a host",
    /// Not digits, or given twice.
    ContentLength = 400 "content_length_invalid" "Content-Length must be given once, in digits only",
    /// Both ways to say where the body ends.
    BothLengths = 400 "length_ambiguous" "Content-Length and Transfer-Encoding exclude each other",
    /// `chunked` not last, twice, or in HTTP/1.0.
    TransferEncoding = 400 "transfer_encoding_invalid" "Transfer-Encoding must be chunked, given once, in HTTP/1.1",
    /// A chunk that is not one.
    Chunk = 400 "chunk_invalid" "a chunk's size line, end or trailer is not as RFC 9112 has it",
    /// More chunk framing than payload.
    ChunkOverhead = 400 "chunk_overhead" "the body is mostly chunk framing; send larger chunks",
    /// `campaign=` or `blast=` or the account cannot be read.
    Name = 400 "name_invalid" "account, campaign and blast are percent-encoded UTF-8 of at most 128 bytes",
    /// No such path.
    Path = 404 "path_unknown" "there is nothing here; events go to /hooks/PROVIDER/ACCOUNT or /events",
    /// No such provider.
    Provider = 404 "provider_unknown" "this provider is not known; see the list of providers",
    /// Method not for a webhook.
    MethodHook = 405 "method_refused" "webhooks are GET, HEAD or POST",
    /// Method not for `/events`.
    MethodEvents = 405 "method_refused" "events are sent with POST",
    /// Method not for `/healthz`.
    MethodHealth = 405 "method_refused" "health is asked for with GET or HEAD",
    /// Head not complete in time.
    HeadTime = 408 "head_too_slow" "the head was not complete in time",
    /// Body not complete in time.
    BodyTime = 408 "body_too_slow" "the body came slower than 100 bytes a second",
    /// Body over its limit.
    BodySize = 413 "body_too_large" "the body is over its limit; split it and send again",
    /// Request line over its limit.
    LineSize = 414 "target_too_long" "the request line is over 8,192 bytes; use POST",
    /// Compressed.
    ContentEncoding = 415 "encoding_unsupported" "bodies are read as they are; send without Content-Encoding",
    /// An expectation other than 100-continue.
    Expect = 417 "expectation_unknown" "the only expectation met here is 100-continue",
    /// Head over its limit.
    HeadSize = 431 "head_too_large" "the head is over 16,384 bytes",
    /// Too many fields.
    HeaderCount = 431 "headers_too_many" "there are more than 100 header fields",
    /// A transfer coding we do not speak.
    Coding = 501 "coding_unsupported" "the only transfer coding understood is chunked",
    /// The log refused; nothing was kept.
    Storage = 503 "storage_failed" "the event could not be kept; send it again later",
    /// Too much unfinished.
    Overload = 503 "overloaded" "too many requests are unfinished; send it again later",
    /// Too many connections.
    Connections = 503 "connections_too_many" "too many connections are open; come again later",
    /// Not HTTP/1.0 or 1.1.
    Version = 505 "version_unsupported" "only HTTP/1.1 and HTTP/1.0 are spoken here",
}

impl Reason {
    /// The header field that belongs to this refusal, with its CRLF; empty if none does.
    pub const fn field(self) -> &'static str {
        match self {
            Self::MethodHook => "Allow: GET, HEAD, POST\r\n",
            Self::MethodEvents => "Allow: POST\r\n",
            Self::MethodHealth => "Allow: GET, HEAD\r\n",
            Self::ContentEncoding => "Accept-Encoding: identity\r\n",
            Self::Storage | Self::Overload | Self::Connections => "Retry-After: 5\r\n",
            _ => "",
        }
    }

    /// Whether what follows on the connection may still be read as requests.
    pub const fn leaves_connection(self) -> bool {
        matches!(
            self,
            Self::Path
                | Self::Provider
                | Self::MethodHook
                | Self::MethodEvents
                | Self::MethodHealth
                | Self::Storage
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_go_into_json_as_they_are() {
        for (index, reason) in Reason::ALL.iter().enumerate() {
            assert_eq!(index, *reason as usize);
            let plain = |c: char| c.is_ascii() && !c.is_ascii_control() && c != '"' && c != '\\';
            assert!(reason.sentence().chars().all(plain), "{reason:?}");
            assert!(
                reason
                    .word()
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || "_0".contains(c))
            );
        }
    }

    #[test]
    fn retry_after_says_the_limit() {
        let said = format!("Retry-After: {}\r\n", crate::limits::RETRY_AFTER_S);
        assert_eq!(Reason::Storage.field(), said);
    }
}
