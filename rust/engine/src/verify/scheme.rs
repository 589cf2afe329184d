//! The names of schemes. Knows how they are written, not how they are checked.

/// How a sender proves itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// `X-Twilio-Signature` over URL and form, or over a URL that holds `bodySHA256`.
    TwilioHmacSha1,
    /// `X-Twilio-Signature` over a URL that must hold `bodySHA256`.
    TwilioBodySha256,
    /// `sig`: MD5 of parameters and secret.
    VonageMd5Hash,
    /// `sig`: HMAC-MD5.
    VonageMd5Hmac,
    /// `sig`: HMAC-SHA1.
    VonageSha1Hmac,
    /// `sig`: HMAC-SHA256.
    VonageSha256Hmac,
    /// `sig`: HMAC-SHA512.
    VonageSha512Hmac,
    /// `Authorization: Bearer`, a token that holds a hash of the body.
    VonageJwt,
    /// Ed25519 over time and body.
    TelnyxEd25519,
    /// HMAC over URL and nonce; the body is not covered.
    PlivoV2,
    /// HMAC over URL, parameters and nonce.
    PlivoV3,
    /// HMAC over body, nonce and time.
    SinchHmacSha256,
    /// A token that holds hashes of URL and body.
    MessagebirdJwt,
    /// RSA with SHA-1 over fields of the envelope.
    SnsV1,
    /// RSA with SHA-256 over fields of the envelope.
    SnsV2,
    /// Either, as the envelope says.
    Sns,
    /// `webhook-signature` or `svix-signature`.
    StandardWebhooks,
    /// `Validation-Token`, a shared secret.
    RingcentralToken,
    /// A shared secret in a header field of this name.
    TokenHeader(String),
    /// A shared secret in a parameter of this name in the URL's query.
    TokenQuery(String),
    /// A shared secret as one segment of the URL's path.
    TokenPath,
    /// `Authorization: Basic`; the secret is `user:password`.
    BasicAuth,
    /// Only an address on the list; the secrets are the list.
    IpAllowList,
}

/// Schemes without a parameter, by name.
const NAMES: &[(&str, Scheme)] = &[
    ("twilio-hmac-sha1", Scheme::TwilioHmacSha1),
    ("twilio-bodysha256", Scheme::TwilioBodySha256),
    ("vonage-sig-md5hash", Scheme::VonageMd5Hash),
    ("vonage-sig-md5hmac", Scheme::VonageMd5Hmac),
    ("vonage-sig-sha1hmac", Scheme::VonageSha1Hmac),
    ("vonage-sig-sha256hmac", Scheme::VonageSha256Hmac),
    ("vonage-sig-sha512hmac", Scheme::VonageSha512Hmac),
    ("vonage-jwt", Scheme::VonageJwt),
    ("telnyx-ed25519", Scheme::TelnyxEd25519),
    ("plivo-v2", Scheme::PlivoV2),
    ("plivo-v3", Scheme::PlivoV3),
    ("sinch-hmac-sha256", Scheme::SinchHmacSha256),
    ("messagebird-jwt", Scheme::MessagebirdJwt),
    ("sns-v1", Scheme::SnsV1),
    ("sns-v2", Scheme::SnsV2),
    ("sns", Scheme::Sns),
    ("standard-webhooks", Scheme::StandardWebhooks),
    ("ringcentral-token", Scheme::RingcentralToken),
    ("token-path", Scheme::TokenPath),
    ("basic-auth", Scheme::BasicAuth),
    ("ip-allow-list", Scheme::IpAllowList),
];

impl Scheme {
    /// The scheme of this name; `token-header:NAME` and `token-query:NAME` say where the
    /// secret is.
    pub fn from_name(name: &str) -> Option<Self> {
        if let Some(field) = name.strip_prefix("token-header:") {
            let is_token =
                |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
            let is_named = !field.is_empty() && field.bytes().all(is_token);
            return is_named.then(|| Self::TokenHeader(field.to_ascii_lowercase()));
        }
        if let Some(key) = name.strip_prefix("token-query:") {
            return (!key.is_empty()).then(|| Self::TokenQuery(key.to_owned()));
        }
        let known = NAMES.iter().find(|(known, _)| *known == name);
        known.map(|(_, scheme)| scheme.clone())
    }

    /// Names of all schemes, as configuration writes them.
    pub fn names() -> Vec<&'static str> {
        let plain = NAMES.iter().map(|(name, _)| *name);
        plain
            .chain(["token-header:NAME", "token-query:NAME"])
            .collect()
    }

    /// Whether it proves who made the request; the others only show that the sender knows a
    /// shared secret or has a listed address.
    pub const fn is_signature(&self) -> bool {
        !matches!(
            self,
            Self::RingcentralToken
                | Self::TokenHeader(_)
                | Self::TokenQuery(_)
                | Self::TokenPath
                | Self::BasicAuth
                | Self::IpAllowList
        )
    }

    /// Whether its key is a certificate that each request names.
    pub const fn needs_certificate(&self) -> bool {
        matches!(self, Self::SnsV1 | Self::SnsV2 | Self::Sns)
    }
}
