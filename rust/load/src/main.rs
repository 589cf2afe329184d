//! Load generator: many keep-alive connections on one thread, to a server on this machine.
//!
//! `options` says what to send, `shapes` makes it, `pace` says when, `run` is the loop over
//! `client` connections, `response` reads answers, `histogram`, `ledger` and `report` count.

mod client;
mod histogram;
mod ledger;
mod options;
mod pace;
mod report;
mod response;
mod run;
mod shapes;

use std::process::ExitCode;

use serde_json::{Value, json};

use options::{Asked, Failure, Options};
use shapes::{Source, Templates};

fn main() -> ExitCode {
    match options::parse(std::env::args().skip(1)) {
        Ok(Asked::Help) => {
            say(options::HELP.trim_end());
            ExitCode::SUCCESS
        }
        Ok(Asked::Run(options)) => match measure(&options) {
            Ok(exit_code) => exit_code,
            Err(failure) => refuse(&failure),
        },
        Err(failure) => refuse(&failure),
    }
}

fn measure(options: &Options) -> Result<ExitCode, Failure> {
    let source = source(options)?;
    let tally = run::run(options, &source)?;
    if let Some(path) = &options.ledger {
        std::fs::write(path, tally.ledger.to_text())
            .map_err(|error| Failure::run(format!("--ledger {path}: {error}")))?;
    }
    let report = tally.to_json(&setting(options));
    if options.json {
        say(&report.to_string());
    } else {
        say(report::to_text(&report).trim_end());
    }
    Ok(if tally.answered() > 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn source(options: &Options) -> Result<Source, Failure> {
    let Some(path) = &options.file else {
        let host = options.address.to_string();
        let target = options.target.as_deref();
        return Ok(Source::Shape(Templates::new(
            options.shape,
            options.contacts,
            &host,
            target,
        )));
    };
    let bytes =
        std::fs::read(path).map_err(|error| Failure::usage(format!("--file {path}: {error}")))?;
    Ok(Source::File {
        requests: shapes::parse_file(&bytes)?,
        repeat: options.repeat,
    })
}

fn setting(options: &Options) -> Value {
    json!({
        "loop": if options.rate.is_some() { "open" } else { "closed" },
        "rate": options.rate,
        "requests": options.file.as_deref().unwrap_or(options.shape.name()),
        "connections": options.connections,
        "pipeline": options.pipeline,
        "first": options.first,
        "contacts": options.contacts,
        "seconds": options.duration.as_secs_f64(),
        "warmup_seconds": options.warmup.as_secs_f64(),
    })
}

fn refuse(failure: &Failure) -> ExitCode {
    complain(&failure.sentence);
    ExitCode::from(failure.exit_code)
}

#[expect(clippy::print_stdout, reason = "the report is this program's output")]
fn say(text: &str) {
    println!("{text}");
}

#[expect(clippy::print_stderr, reason = "one line on why there is no run")]
fn complain(sentence: &str) {
    eprintln!("smstrack-load: {sentence}");
}
