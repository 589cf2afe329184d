//! Gateways told by profiles: what their requests become, that ids of profiles stay apart, and
//! what is said of a profile that is wrong.
#![cfg(test)]
#![expect(clippy::too_many_lines, reason = "tables of cases are long")]

mod cases;

use cases::lines_of;
use smstrack_engine::profiles::{Profiles, loaded};

const ACME: &str = r#"
name = "acme"
aliases = ["acme-sms"]
request = ["query", "form", "json"]
country = 44
ids = ["ignore-case", "strip-zeros"]

[time]
format = "DD/MM/YYYY hh:mm"
zone = "Europe/London"

[receipt]
when = { field = "type", is = "dlr" }
message_id = ["id", "alt.id"]
contact = "to"
sender = "from"
status = "state"
error_code = ["err", "errors[0].code"]
time = "at"
parts = "n"
client_ref = "ref"

[optout]
when = [{ field = "type", is = ["unsub", "resub"] }, { route = "inbound" }]
contact = "from"
consent = "type"

[reply]
when = { field = "type", not = ["dlr", "ping"] }
message_id = "id"
contact = "from"
sender = "to"
text = "body"
consent = "word"
time = "ts"
time_format = "unix"

[control]
when = { field = "type", is = "ping" }

[consent]
stop = ["unsub", "STOP"]
start = "resub"

[states]
queued = "Q"
delivered = ["D", 1]
expired = "X"
unknown = "?"
rejected = "R"
other = "failed"
final = ["?"]
not_final = "R"

[errors]
none = "OK"
failures_only = true
absent = [7, "off"]
opted_out = "stop"

[answer]
status = 202
body = "thanks"
"#;

const ROWS: &str = r#"
name = "rows"
request = "json"
rows = "data.items"

[receipt]
message_id = "id"
contact = "to.number"
status = "status"
client_ref = "/batch"
sender = "/data.from"

[reply]
when = { field = "text", present = true }
contact = "from"
text = "text"

[states]
delivered = "ok"
"#;

fn load(text: &str) -> Profiles {
    Profiles::load(&[("test.toml".to_owned(), text.to_owned())], &["nexmo"]).unwrap()
}

fn lines(text: &str, file: &str) -> Vec<String> {
    let profiles = load(text);
    let profile = profiles.iter().next().unwrap();
    lines_of(file.as_bytes(), |view, lines| profile.decode(view, lines))
}

#[test]
fn one_row() {
    for (file, expected) in [
        (
            "GET /hooks/acme?type=dlr&id=7&to=07700900123&state=d&at=27/06/2026+18:07&n=2&ref=r&from=Hi\n\n",
            "receipt client_ref=r contact=+447700900123 final=true message_id=7 occurred_at=2026-06-27T17:07:00Z parts=2 sender=Hi state=delivered",
        ),
        (
            "POST /a\n\ntype=dlr&id=&alt.id=8&state=1&err=7",
            "receipt final=true message_id=8 state=delivered",
        ),
        (
            "POST /a\n\n{\"type\":\"dlr\",\"alt\":{\"id\":9},\"state\":\"nope\",\"errors\":[{\"code\":7},{\"code\":\"stop\"}]}",
            "receipt error_class=absent error_code=7 final=true message_id=9 state=failed",
        ),
        (
            "POST /a\n\ntype=dlr&id=7&state=x&err=stop",
            "receipt error_class=expired error_code=stop final=true message_id=7 state=expired",
        ),
        (
            "POST /a\n\ntype=dlr&id=7&state=R&err=OK",
            "receipt final=false message_id=7 state=rejected",
        ),
        (
            "POST /a\n\ntype=dlr&id=7&state=R&err=other",
            "receipt error_class=other error_code=other final=false message_id=7 state=rejected",
        ),
        (
            "POST /a\n\ntype=dlr&id=7&state=%3F",
            "receipt final=true message_id=7 state=unknown",
        ),
        (
            "POST /a\n\ntype=dlr&id=7&state=Q&at=yesterday",
            "receipt final=false message_id=7 state=queued",
        ),
        ("POST /a\n\ntype=dlr&state=D&to=abc", "!0@20 not_a_number"),
        (
            "POST /a\n\ntype=mo&id=5&from=447700900123&to=82228&body=STOP+it&word=stop&ts=1776267122",
            "reply consent=stop contact=+447700900123 message_id=5 occurred_at=2026-04-15T15:32:02Z sender=82228 text=STOP it",
        ),
        (
            "POST /hooks/acme/inbound/?x=1\n\ntype=unsub&from=447700900123",
            "optout contact=+447700900123 state=stop",
        ),
        (
            "POST /hooks/acme/inbound\n\ntype=resub&from=447700900123",
            "optout contact=+447700900123 state=start",
        ),
        (
            "POST /hooks/acme/other\n\ntype=unsub&from=447700900123",
            "reply contact=+447700900123",
        ),
        ("POST /a\n\ntype=ping", "control"),
        ("GET /a\n\n", "control"),
        ("POST /a\n\nbody=x", "!0@0 kind_unknown"),
        ("POST /a\n\n", "!!0 body_empty"),
        ("POST /a\n\n{\"type\":", "!!8 json_truncated"),
    ] {
        assert_eq!(lines(ACME, file), [expected], "{file}");
    }
}

#[test]
fn forms_in_latin_1() {
    let text = "name = \"latin\"\nrequest = \"form\"\ncharset = \"iso-8859-1\"\n\
        [reply]\ncontact = \"from\"\ntext = \"text\"\nsender = \"to\"\n";
    for (file, expected) in [
        (
            "POST /a\n\nfrom=447700900123&text=R%E9ponse+d%27%E9t%E9&to=caf%E9",
            "reply contact=+447700900123 sender=café text=Réponse d'été",
        ),
        (
            "POST /a\n\nfrom=447700900123&text=",
            "reply contact=+447700900123 text=",
        ),
        (
            "POST /a\n\nfrom=447700900123&text=%",
            "!!23 percent_invalid",
        ),
    ] {
        assert_eq!(lines(text, file), [expected], "{file}");
    }
    let wrong = text.replace("8859-1", "8859-9");
    let error = Profiles::load(&[("f".to_owned(), wrong)], &[]).unwrap_err();
    let said = error.to_string();
    assert!(
        said.contains("charset: \"iso-8859-9\" is not allowed; use one of: utf-8"),
        "{said}"
    );
}

#[test]
fn rows_of_an_array() {
    let body = "{\"batch\":\"b1\",\"data\":{\"from\":\"Harbour\",\"items\":[\
        {\"id\":1,\"to\":{\"number\":\"+447700900001\"},\"status\":\"ok\"},\
        {\"id\":2,\"status\":\"late\"},{\"from\":\"447700900002\",\"text\":\"\"},3,{\"x\":1}]}}";
    assert_eq!(
        lines(ROWS, &format!("POST /r\n\n{body}")),
        [
            "receipt client_ref=b1 contact=+447700900001 final=true message_id=1 sender=Harbour state=delivered",
            "receipt client_ref=b1 final=false message_id=2 sender=Harbour state=unknown",
            "reply contact=+447700900002 text=",
            "!3@162 wrong_type",
            "!4@164 kind_unknown",
        ]
    );
    assert_eq!(lines(ROWS, "POST /r\n\na=b"), ["!!0 json_invalid"]);
    assert_eq!(lines(ROWS, "GET /r?a=b\n\n"), ["!!0 type_unsupported"]);
    let plain = ROWS
        .replace("\"data.items\"", "\"[]\"")
        .replace("\"/data.from\"", "\".\"");
    assert_eq!(
        lines(
            &plain,
            "POST /r\n\n[{\"id\":1,\"status\":\"OK\"},{\"from\":\"447700900002\",\"text\":\"x\"}]"
        ),
        [
            "receipt final=true message_id=1 state=delivered",
            "reply contact=+447700900002 text=x"
        ]
    );
}

#[test]
fn the_same_text_is_kept_once() {
    let (one, two) = (load(ACME), load(ACME));
    let (one, two) = (one.find("acme").unwrap(), two.find("acme-sms").unwrap());
    assert!(std::ptr::eq(one, two));
    assert_eq!(loaded("acme-sms").unwrap().name(), "acme");
    assert_eq!(one.scope("eu"), "acme#cz/eu");
    assert_eq!(one.answer().status, 202);
    assert_eq!(one.answer().content_type, "text/plain");
    assert_eq!(one.describe()["states"][1]["state"], "delivered");
}

#[test]
fn what_is_wrong_is_said() {
    let base = "name = \"wrong\"\nrequest = \"form\"\n";
    let whole = "[receipt]\nmessage_id = \"id\"\nstatus = \"s\"\n[states]\ndelivered = \"D\"\n";
    for (text, expected) in [
        ("name = ", "line 1, top level: is no TOML"),
        ("request = \"form\"", "line 1, name: is missing"),
        (
            "name = \"Acme\"",
            "line 1, name: \"Acme\" is no name; use 1 to 32 of a-z",
        ),
        (
            "name = 3",
            "line 1, name: is of type integer; expected a text",
        ),
        (
            "name = \"twilio\"\nrequest=\"form\"\n{}",
            "name: \"twilio\" is a built-in provider",
        ),
        (
            "name = \"nexmo\"\nrequest=\"form\"\n{}",
            "name: \"nexmo\" is a built-in provider",
        ),
        (
            "name = \"a\"\n{}",
            "request: is missing; say which requests come",
        ),
        (
            "name = \"a\"\nrequest = \"xml\"\n{}",
            "line 2, request: \"xml\" is no form of request; allowed are query, form, json",
        ),
        (
            "{base}",
            "top level: there is no [receipt], [reply] or [optout]",
        ),
        (
            "{base}colour = 1\n{}",
            "line 3, colour: is not a key here; allowed are: name, aliases",
        ),
        (
            "{base}country = 0\n{}",
            "line 3, country: is of type integer; expected a whole number from 1 to 999",
        ),
        (
            "{base}ids = \"hex\"\n{}",
            "line 3, ids: \"hex\" is no form of ids; allowed are ignore-case, strip-zeros, hex-or-decimal",
        ),
        (
            "{base}parts = \"two\"\n{}",
            "line 3, parts: \"two\" is not allowed; use one of: whole, each",
        ),
        (
            "{base}rows = \"x\"\n{}",
            "line 3, rows: needs \"json\" in `request`",
        ),
        (
            "{base}rows = \"x[]\"\n{}",
            "line 3, rows: is the path of the array of rows",
        ),
        (
            "{base}time = 3\n{}",
            "line 3, time: is of type integer; expected a table",
        ),
        (
            "{base}[time]\nzone = \"Mars\"\n{}",
            "line 4, time.zone: \"Mars\" is no zone known here; allowed are utc",
        ),
        (
            "{base}[time]\nformat = \"HH:MM\"\n{}",
            "line 4, time.format: \"HH:MM\" is no form of times; allowed are \"iso\"",
        ),
        (
            "{base}[receipt]\nmessage_id = \"id\"\n",
            "line 3, receipt.status: is missing",
        ),
        (
            "{base}[receipt]\nstatus = \"s\"\n",
            "line 3, receipt.message_id: is missing, and so are contact and client_ref",
        ),
        (
            "{base}[receipt]\nid = \"s\"\n",
            "line 4, receipt.id: is not a key here; allowed are: when, message_id",
        ),
        (
            "{base}[receipt]\nmessage_id = \"id\"\nstatus = \"s\"\n",
            "line 3, states: is missing: a profile with receipts says",
        ),
        (
            "{base}[reply]\ntext = \"t\"\n",
            "line 3, reply.contact: is missing",
        ),
        (
            "{base}[optout]\ncontact = \"t\"\n",
            "line 3, optout.state: is missing",
        ),
        (
            "{base}[optout]\ncontact = \"t\"\nstate = \"stop\"\n",
            "line 3, optout.when: is missing",
        ),
        (
            "{base}[reply]\ntext = \"a..b\"\ncontact = \"c\"\n",
            "line 4, reply.text: \"a..b\" is no field",
        ),
        (
            "{base}[reply]\ntext = \"/a\"\ncontact = \"c\"\n",
            "line 4, reply.text: \"/a\" begins with a slash",
        ),
        (
            "{base}[reply]\nwhen = { is = 3 }\ntext = \"a\"\ncontact = \"c\"\n",
            "line 4, reply.when.field: is missing",
        ),
        (
            "{base}[reply]\nwhen = 3\ntext = \"a\"\ncontact = \"c\"\n",
            "line 4, reply.when: is of type integer; expected a field's name",
        ),
        (
            "{base}{}arrived = \"A\"\n",
            "line 8, states.arrived: is not a key here; allowed are: queued, accepted",
        ),
        (
            "{base}{}failed = \"d\"\n",
            "line 8, states.failed: \"d\" has a state already",
        ),
        (
            "{base}{}final = \"q\"\n",
            "line 8, states.final: \"q\" has no state",
        ),
        (
            "{base}{}other = \"lost\"\n",
            "line 8, states.other: \"lost\" is not allowed; use one of: queued",
        ),
        (
            "{base}{}[errors]\nspam = 3\n",
            "line 9, errors.spam: is not a key here; allowed are: invalid_number",
        ),
        (
            "{base}{}[answer]\nstatus = 500\n",
            "line 9, answer.status: is of type integer; expected a whole number from 200 to 202",
        ),
        (
            "{base}{}[answer]\ncontent_type = \"a\\nb\"\n",
            "line 9, answer.content_type: has a character",
        ),
        ("{base}{}name = [", "line 8, top level: is no TOML"),
    ] {
        let text = text.replace("{base}", base).replace("{}", whole);
        let files = [("acme.toml".to_owned(), text.clone())];
        let error = Profiles::load(&files, &["nexmo"]).unwrap_err();
        let said = error.to_string();
        assert_eq!(error.code(), "profile_invalid");
        assert!(said.contains(expected), "{text}\n{said}\n{expected}");
        assert!(said.starts_with("acme.toml, line "), "{said}");
        assert!(said.ends_with(" No profile was loaded."), "{said}");
    }
    let many: Vec<String> = (0..23).map(|n| format!("\"f{n}\"")).collect();
    let text = format!(
        "{base}[reply]\ncontact = \"c\"\ntext = [{}]\n",
        many.join(", ")
    );
    let error = Profiles::load(&[("a".to_owned(), text)], &[]).unwrap_err();
    assert!(error.to_string().contains("one field too many"), "{error}");
    let two = [ACME, &ROWS.replace("\"rows\"\nr", "\"acme-sms\"\nr")]
        .map(|t| ("f".to_owned(), t.to_owned()));
    let error = Profiles::load(&two, &[]).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("\"acme-sms\" is a name of the profile in f as well"),
        "{error}"
    );
}
