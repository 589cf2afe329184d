//! Why a request is not believed: stable words and the sentences that go with them. Says which
//! part does not hold; never a secret, never the signature that was expected.

macro_rules! faults {
    ($($(#[doc = $doc:literal])+ $variant:ident = $word:literal $sentence:literal,)+) => {
        /// Why a request is refused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        #[non_exhaustive]
        pub enum Fault { $($(#[doc = $doc])+ $variant,)+ }

        impl Fault {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// The stable word.
            pub const fn word(self) -> &'static str { match self { $(Self::$variant => $word,)+ } }
            /// What does not hold, and what to look at. Plain ASCII without quotes.
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$variant => $sentence,)+ }
            }
        }
    };
}

faults! {
    /// No signature.
    SignatureMissing = "signature_missing" "the request has no signature where the scheme puts it",
    /// Not in the form that the scheme has.
    SignatureMalformed = "signature_malformed" "the signature is not in the form that the scheme has; it was cut or altered",
    /// Well formed, not made with any of our secrets over what was received.
    SignatureMismatch = "signature_mismatch" "the signature was not made with a secret given here over this request: the secret, the public URL or the signed text differs",
    /// A header field that the scheme reads is there twice.
    HeaderRepeated = "header_repeated" "a header field that the scheme reads is there twice",
    /// No time.
    TimestampMissing = "timestamp_missing" "the request has no time where the scheme puts it",
    /// Not digits.
    TimestampMalformed = "timestamp_malformed" "the time is not digits of seconds since 1970",
    /// Outside the window.
    TimestampStale = "timestamp_stale" "the time is outside the window of the scheme: an old request sent again, or a clock that is wrong",
    /// No nonce.
    NonceMissing = "nonce_missing" "the request has no nonce where the scheme puts it",
    /// A nonce that could hide a piece of the text beside it.
    NonceMalformed = "nonce_malformed" "the nonce holds a full stop or a blank",
    /// No message id.
    IdMissing = "id_missing" "the request has no message id where the scheme puts it",
    /// `none`, or an algorithm that the scheme does not have.
    AlgorithmRefused = "algorithm_refused" "the signature names an algorithm that the scheme does not have",
    /// The token is not from this provider.
    IssuerMismatch = "issuer_mismatch" "the token was not issued by this provider",
    /// The token lacks a claim, or has it in another form.
    ClaimsMalformed = "claims_malformed" "the token lacks a claim that the scheme needs, or has it in another form",
    /// The body has no hash that the signature covers.
    BodyHashMissing = "body_hash_missing" "nothing that is signed holds a hash of the body",
    /// The body is not the one that was signed.
    BodyHashMismatch = "body_hash_mismatch" "the body is not the one that was signed",
    /// The URL is not the one that was signed.
    UrlMismatch = "url_mismatch" "the URL is not the one that was signed; check the public base URL",
    /// Not an absolute URL.
    UrlMalformed = "url_malformed" "the public URL is not an absolute URL",
    /// A body that the scheme does not cover.
    BodyUnsigned = "body_unsigned" "there is a body, and the signature does not cover it",
    /// Parameters that cannot be what was signed.
    BodyMalformed = "body_malformed" "the body cannot be one that this provider signed",
    /// The signature is of another version of the scheme.
    VersionMismatch = "version_mismatch" "the signature is of another version of the scheme",
    /// A header contradicts the signed body.
    TypeMismatch = "type_mismatch" "a header field contradicts what is signed in the body",
    /// The certificate is not where the provider keeps its certificates.
    CertificateHost = "certificate_host" "the certificate is not kept at https://sns.REGION.amazonaws.com/ or .com.cn/, ending in .pem",
    /// The certificate has not been fetched yet.
    CertificateUnknown = "certificate_unknown" "the certificate has not been fetched yet",
    /// The certificate is past its time, or before it.
    CertificateExpired = "certificate_expired" "the certificate is past its time, or before it",
    /// No token.
    TokenMissing = "token_missing" "the request does not hold the shared secret",
    /// A token that is not ours.
    TokenMismatch = "token_mismatch" "the shared secret in the request is not one given here",
    /// Not on the list, or nobody knows who it is.
    AddressRefused = "address_refused" "the sender's address is not on the list",
    /// The configured secret, key or certificate cannot be used.
    KeyInvalid = "key_invalid" "the configured secret, key or certificate cannot be used with this scheme",
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.sentence())
    }
}

impl std::error::Error for Fault {}

#[cfg(test)]
mod tests {
    use super::Fault;

    #[test]
    fn words_are_distinct_and_plain() {
        for (index, fault) in Fault::ALL.iter().enumerate() {
            assert_eq!(index, *fault as usize);
            let word = fault.word();
            assert!(word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
            let is_plain = |c: char| c.is_ascii() && !c.is_control() && c != '"' && c != '\\';
            assert!(fault.sentence().chars().all(is_plain));
            let same = Fault::ALL.iter().filter(|other| other.word() == word);
            assert_eq!(same.count(), 1, "{word}");
        }
    }
}
