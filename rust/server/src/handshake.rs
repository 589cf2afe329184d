//! What providers ask before they send: whether somebody is there, and whether they may. Pure:
//! a request in, an answer out; fetches nothing and keeps nothing.

use memchr::memmem;
use serde_json::Value;
use smstrack_engine::decode::RequestView;
use smstrack_engine::event::Provider;

use crate::limits::HANDSHAKE_BYTES_MAX;

/// An answer that is made for one request; its status is 200.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Header fields, each with its CRLF.
    pub fields: String,
    /// JSON, or nothing.
    pub body: String,
}

/// The answer to a request that asks and tells nothing; none if it is to be read.
pub fn before(provider: Provider, request: &RequestView<'_>) -> Option<Told> {
    if request.method == "OPTIONS" {
        return Some(cloud_events(request));
    }
    if request.method != "HEAD"
        && request.body.is_empty()
        && provider == Provider::RingCentral
        && let Some(token) = fit(request.header("validation-token"))
    {
        let fields = format!("Validation-Token: {token}\r\n");
        return Some(Told {
            fields,
            ..Told::default()
        });
    }
    request.is_probe().then(Told::default)
}

/// `CloudEvents` 1.0, "HTTP webhook", section 4: who asks is allowed, at any rate.
fn cloud_events(request: &RequestView<'_>) -> Told {
    let mut fields = "Allow: GET, HEAD, POST, OPTIONS\r\n".to_owned();
    if let Some(origin) = fit(request.header("webhook-request-origin")) {
        fields.push_str("WebHook-Allowed-Origin: ");
        fields.push_str(origin);
        fields.push_str("\r\nWebHook-Allowed-Rate: *\r\n");
    }
    Told {
        fields,
        body: String::new(),
    }
}

/// A value that may go back into a head.
fn fit(value: Option<&str>) -> Option<&str> {
    value
        .map(str::trim_ascii)
        .filter(|value| !value.is_empty() && value.len() <= HANDSHAKE_BYTES_MAX)
        .filter(|value| value.bytes().all(|byte| (0x20..0x7f).contains(&byte)))
}

/// Event Grid's question, which only its own code answers; none if this is something else.
pub fn event_grid(provider: Provider, body: &[u8]) -> Option<Told> {
    if provider != Provider::Azure || memmem::find(body, b"SubscriptionValidationEvent").is_none() {
        return None;
    }
    let found: Value = serde_json::from_slice(body).ok()?;
    let events = found
        .as_array()
        .map_or(std::slice::from_ref(&found), |many| many);
    let code = events.iter().find_map(|event| {
        let kind = event.get("eventType").or_else(|| event.get("type"))?;
        let is_asked = kind
            .as_str()?
            .eq_ignore_ascii_case("Microsoft.EventGrid.SubscriptionValidationEvent");
        let code = event.get("data")?.get("validationCode")?.as_str()?;
        (is_asked && code.len() <= HANDSHAKE_BYTES_MAX).then_some(code)
    })?;
    Some(Told {
        fields: String::new(),
        body: serde_json::json!({ "validationResponse": code }).to_string(),
    })
}

/// Where an SNS subscription to one of these topics is confirmed; none if this asks for
/// nothing, for another topic, or at an address that is not of SNS.
pub fn sns_confirmation(provider: Provider, body: &[u8], topics: &[String]) -> Option<String> {
    if provider != Provider::Aws
        || topics.is_empty()
        || memmem::find(body, b"SubscriptionConfirmation").is_none()
    {
        return None;
    }
    let found: Value = serde_json::from_slice(body).ok()?;
    let text = |name: &str| found.get(name).and_then(Value::as_str);
    // A question to confirm the end of a subscription is answered, but not by renewing it.
    if text("Type") != Some("SubscriptionConfirmation") {
        return None;
    }
    let topic = text("TopicArn")?;
    let url = text("SubscribeURL")?;
    (topics.iter().any(|known| known == topic) && is_sns_url(url)).then(|| url.to_owned())
}

/// Whether a URL is one of SNS: https, `sns.REGION.amazonaws.com` or `….com.cn`, no other port.
pub fn is_sns_url(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("https://") else {
        return false;
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.strip_suffix(":443").unwrap_or(authority);
    let is_plain =
        url.len() <= HANDSHAKE_BYTES_MAX && url.bytes().all(|byte| byte.is_ascii_graphic());
    let region = host
        .strip_prefix("sns.")
        .and_then(|rest| {
            rest.strip_suffix(".amazonaws.com")
                .or_else(|| rest.strip_suffix(".amazonaws.com.cn"))
        })
        .unwrap_or_default();
    let is_region = !region.is_empty()
        && region
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    // Some readers of URLs take a backslash for a slash.
    is_plain && is_region && !url.contains('\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn view<'a>(
        method: &'a str,
        target: &'a str,
        headers: &'a [(&'a str, &'a [u8])],
        body: &'a [u8],
    ) -> RequestView<'a> {
        RequestView {
            method,
            target,
            headers,
            body,
        }
    }

    #[test]
    fn probes_tell_nothing() {
        let none = Some(Told::default());
        for (method, target, body, expected) in [
            ("GET", "/hooks/twilio", "", none.clone()),
            (
                "GET",
                "/hooks/twilio/a?campaign=c&blast=b",
                "",
                none.clone(),
            ),
            ("GET", "/hooks/twilio?", "", none.clone()),
            ("GET", "/hooks/twilio?blast", "", none.clone()),
            ("GET", "/hooks/twilio?type=1", "", None),
            ("GET", "/hooks/twilio", "a=1", None),
            ("POST", "/hooks/twilio", "", None),
            ("HEAD", "/hooks/twilio?type=1", "", none),
        ] {
            let request = view(method, target, &[], body.as_bytes());
            for provider in Provider::ALL {
                assert_eq!(before(*provider, &request), expected, "{method} {target}");
            }
        }
    }

    #[test]
    fn a_validation_token_is_given_back_only_to_whom_sends_one() {
        let headers: &[(&str, &[u8])] = &[("Validation-token", b" 5f-A ")];
        let asks = view("POST", "/", headers, b"");
        let told = before(Provider::RingCentral, &asks).unwrap();
        assert_eq!(told.fields, "Validation-Token: 5f-A\r\n");
        assert_eq!(before(Provider::Telnyx, &asks), None);
        assert_eq!(
            before(Provider::RingCentral, &view("POST", "/", headers, b"{}")),
            None
        );
        assert_eq!(
            before(Provider::RingCentral, &view("POST", "/", &[], b"")),
            None
        );
        let odd: &[(&str, &[u8])] = &[("Validation-Token", b"a\x01b")];
        assert_eq!(
            before(Provider::RingCentral, &view("POST", "/", odd, b"")),
            None
        );
    }

    #[test]
    fn cloud_events_ask_with_options() {
        let headers: &[(&str, &[u8])] = &[
            ("WebHook-Request-Origin", b"eventgrid.azure.net"),
            ("WebHook-Request-Rate", b"120"),
        ];
        let told = before(Provider::Azure, &view("OPTIONS", "/", headers, b"")).unwrap();
        assert!(
            told.fields
                .contains("WebHook-Allowed-Origin: eventgrid.azure.net\r\n")
        );
        assert!(told.fields.contains("WebHook-Allowed-Rate: *\r\n"));
        let told = before(Provider::Azure, &view("OPTIONS", "/", &[], b"")).unwrap();
        assert!(!told.fields.contains("WebHook"));
    }

    #[test]
    fn event_grid_gets_its_code_back() {
        let event = r#"{"eventType":"Microsoft.EventGrid.SubscriptionValidationEvent","data":{"validationCode":"5\"12"}}"#;
        let cloud = r#"{"type":"Microsoft.EventGrid.SubscriptionValidationEvent","data":{"validationCode":"5\"12"}}"#;
        for body in [format!("[{event}]"), event.to_owned(), cloud.to_owned()] {
            let told = event_grid(Provider::Azure, body.as_bytes()).unwrap();
            assert_eq!(told.body, r#"{"validationResponse":"5\"12"}"#);
            assert_eq!(event_grid(Provider::Telnyx, body.as_bytes()), None);
        }
        let long = event.replace("5\\\"12", &"5".repeat(HANDSHAKE_BYTES_MAX + 1));
        let other = event.replace(
            "ValidationEvent\"",
            "DeletedEvent\",\"x\":\"SubscriptionValidationEvent\"",
        );
        for body in [&long, &other, "SubscriptionValidationEvent", "[1]"] {
            assert_eq!(event_grid(Provider::Azure, body.as_bytes()), None);
        }
    }

    #[test]
    fn only_listed_topics_of_sns_are_confirmed() {
        let topics = ["arn:aws:sns:us-east-1:123456789012:sms".to_owned()];
        let url = "https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription&Token=ab";
        let body = |kind: &str, topic: &str, url: &str| {
            serde_json::json!({"Type": kind, "TopicArn": topic, "SubscribeURL": url}).to_string()
        };
        let asked = |body: &str| sns_confirmation(Provider::Aws, body.as_bytes(), &topics);
        let (kind, topic) = ("SubscriptionConfirmation", topics[0].as_str());
        assert_eq!(asked(&body(kind, topic, url)).as_deref(), Some(url));
        assert_eq!(
            sns_confirmation(Provider::Aws, body(kind, topic, url).as_bytes(), &[]),
            None
        );
        assert_eq!(asked(&body("UnsubscribeConfirmation", topic, url)), None);
        assert_eq!(
            asked(&body("Notification", "SubscriptionConfirmation", url)),
            None
        );
        assert_eq!(asked(&body(kind, &format!("{topic}2"), url)), None);
        assert_eq!(asked(&body(kind, topic, "https://sns.example.com/")), None);
        assert_eq!(asked("{\"Type\":\"SubscriptionConfirmation\""), None);
    }

    #[test]
    fn urls_of_sns() {
        for (url, expected) in [
            ("https://sns.eu-west-1.amazonaws.com/?a=1", true),
            ("https://sns.cn-north-1.amazonaws.com.cn/x.pem", true),
            ("https://sns.us-gov-west-1.amazonaws.com:443/", true),
            ("http://sns.eu-west-1.amazonaws.com/", false),
            ("https://sns.eu-west-1.amazonaws.com:8443/", false),
            ("https://sns.eu-west-1.amazonaws.com.example.com/", false),
            ("https://sns.eu-west-1.amazonaws.com@example.com/", false),
            ("https://example.com/sns.eu-west-1.amazonaws.com", false),
            ("https://example.com?sns.eu-west-1.amazonaws.com", false),
            ("https://a.sns.eu-west-1.amazonaws.com/", false),
            ("https://sns.a.b.amazonaws.com/", false),
            ("https://sns..amazonaws.com/", false),
            ("https://sns.amazonaws.com/", false),
            ("https://sns.x@y.amazonaws.com/", false),
            ("https://sns.eu-west-1.amazonaws.com\\@example.com/", false),
            ("https://sns.eu-west-1.amazonaws.com/a b", false),
            ("HTTPS://sns.eu-west-1.amazonaws.com/", false),
            ("", false),
        ] {
            assert_eq!(is_sns_url(url), expected, "{url}");
        }
    }
}
