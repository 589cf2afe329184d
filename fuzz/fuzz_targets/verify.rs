//! No request makes a verifier panic, and none that was not signed is believed. The first byte
//! chooses the scheme, the rest is a request as a file, or a secret, key or certificate.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smstrack_engine::decode::request_file::RequestFile;
use smstrack_engine::verify::{Certificate, Keys, Scheme, Signed, certificate_url};

/// Of no vector, so that not even a corpus made of those is believed.
fn secrets(scheme: &Scheme) -> Vec<&'static str> {
    match scheme {
        Scheme::TelnyxEd25519 => vec!["11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="],
        Scheme::StandardWebhooks => vec!["whsec_MDEyMzQ1Njc4OWFiY2RlZg=="],
        Scheme::IpAllowList => vec!["203.0.113.0/24", "2001:db8::/32"],
        scheme if scheme.needs_certificate() => Vec::new(),
        _ => vec!["0f47c2", "e2b81d"],
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((&choice, rest)) = data.split_first() else {
        return;
    };
    let names = Scheme::names();
    let name = names[usize::from(choice & 0x7f) % names.len()].replace("NAME", "key");
    let scheme = Scheme::from_name(&name).expect("every name is known");
    if choice & 0x80 != 0 {
        // Whatever somebody pasted into a configuration.
        let _ = Certificate::parse(rest);
        let parts: Vec<&[u8]> = rest.split(|byte| *byte == 0).collect();
        let _ = Keys::parse(&scheme, &parts);
        return;
    }
    let Ok(file) = RequestFile::parse(rest) else {
        return;
    };
    let view = file.view();
    let url = format!("https://hooks.example.net{}", view.target);
    let keys = Keys::parse(&scheme, &secrets(&scheme)).expect("these secrets can be used");
    for url in [url.as_str(), view.target] {
        let request = Signed {
            method: view.method,
            url,
            headers: view.headers,
            body: view.body,
            peer: None,
        };
        let found = keys.verify(&request, 1_791_800_000);
        assert!(found.is_err() || !scheme.is_signature(), "{name}");
    }
    let _ = certificate_url(view.body);
});
