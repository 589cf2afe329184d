//! The command line: what to send where, how fast, and the bounds of a run.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

pub const HELP: &str = "\
smstrack-load: sends HTTP requests to a server on this machine and measures its answers.

Usage: smstrack-load --port PORT [options]

What to send (one of):
  --shape SHAPE        twilio | telnyx | vonage | kannel: receipts, each with its own message id
                       (default twilio)
  --file FILE          raw requests: for each a little-endian u32 length, then its bytes
  --repeat             start the file again when it ends
  --target PATH        path and query of a shape's requests (default /hooks/PROVIDER)
  --contacts N         contacts that a shape's receipts go round (default 1000000)
  --first N            index of the first request (default 0): a later run continues the ids

How fast (one of):
  --rate R             open loop: R requests a second, whatever the server does; latency counts
                       from when a request should have gone out
  --closed             the next request of a connection goes out when it has room (default);
                       for CPU per request only: its latencies leave out what a pause delays
  --connections N      keep-alive connections (default 64)
  --pipeline D         requests under way on one connection at most (default 1)

For how long (it ends at whichever comes first, and always):
  --seconds S          time to send for (default 10, at most 86400)
  --requests N         requests to send (default: no bound but time)
  --warmup S           first seconds left out of latencies and rate, not of counts (default 0)
  --grace S            time to wait for answers at the end (default 5)
  --timeout S          time one answer may take; then its connection is dropped (default 30)

Where and what comes back:
  --host ADDRESS       a loopback address (default 127.0.0.1)
  --port PORT
  --ledger FILE        write the indexes answered 2xx: lines `FIRST LAST`, both included
  --json               one line of JSON instead of text
  --help

Exit status: 0 ran and got answers, 1 got none or could not run, 2 wrong options.
Counts in the report: sent = answered + failed + unanswered; unsent were due but never went out.
";

/// Connections of one run: one machine's loopback has 28,000 ports to give.
const CONNECTIONS_MAX: u64 = 16_384;
/// Requests under way on one connection: more only measures buffers.
const PIPELINE_MAX: u64 = 1_024;
/// A day: nothing runs for ever.
const SECONDS_MAX: f64 = 86_400.0;
/// More is beyond what one thread can send.
const RATE_MAX: u64 = 10_000_000;
/// Ten-digit numbers after the 1 of the templates' contacts: half the range is plenty.
const CONTACTS_MAX: u64 = 1_000_000_000;

/// Why there is no run, in one line.
#[derive(Debug)]
pub struct Failure {
    pub sentence: String,
    pub exit_code: u8,
}

impl Failure {
    pub fn usage(sentence: String) -> Self {
        Self {
            sentence,
            exit_code: 2,
        }
    }

    pub fn run(sentence: String) -> Self {
        Self {
            sentence,
            exit_code: 1,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    Twilio,
    Telnyx,
    Vonage,
    Kannel,
}

impl Shape {
    fn from_name(name: &str) -> Option<Self> {
        [Self::Twilio, Self::Telnyx, Self::Vonage, Self::Kannel]
            .into_iter()
            .find(|shape| shape.name() == name)
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Twilio => "twilio",
            Self::Telnyx => "telnyx",
            Self::Vonage => "vonage",
            Self::Kannel => "kannel",
        }
    }

    /// Where the ingest door takes this provider's receipts.
    pub fn path(self) -> &'static str {
        match self {
            Self::Twilio => "/hooks/twilio",
            Self::Telnyx => "/hooks/telnyx",
            Self::Vonage => "/hooks/vonage-sms",
            Self::Kannel => "/hooks/kannel",
        }
    }
}

/// A checked command line.
#[derive(Debug)]
pub struct Options {
    pub address: SocketAddr,
    pub shape: Shape,
    pub file: Option<String>,
    pub repeat: bool,
    pub target: Option<String>,
    pub contacts: u64,
    pub first: u64,
    /// `None`: closed loop.
    pub rate: Option<u64>,
    pub connections: usize,
    pub pipeline: usize,
    pub duration: Duration,
    pub requests: u64,
    pub warmup: Duration,
    pub grace: Duration,
    pub timeout: Duration,
    pub ledger: Option<String>,
    pub json: bool,
}

/// What the command line asks for.
#[derive(Debug)]
pub enum Asked {
    Help,
    Run(Box<Options>),
}

/// Reads the arguments after the program's name.
pub fn parse(arguments: impl Iterator<Item = String>) -> Result<Asked, Failure> {
    let mut arguments = arguments;
    let mut options = defaults();
    let mut is_closed = false;
    while let Some(name) = arguments.next() {
        match name.as_str() {
            "--help" | "-h" => return Ok(Asked::Help),
            "--json" => options.json = true,
            "--repeat" => options.repeat = true,
            "--closed" => is_closed = true,
            _ => {
                let value = arguments.next().ok_or_else(|| {
                    Failure::usage(format!(
                        "{name}: unknown, or its value is missing; see --help"
                    ))
                })?;
                set(&mut options, &name, &value)?;
            }
        }
    }
    if is_closed && options.rate.is_some() {
        return Err(Failure::usage(
            "--closed and --rate exclude each other".to_owned(),
        ));
    }
    if options.address.port() == 0 {
        return Err(Failure::usage("--port is needed; see --help".to_owned()));
    }
    Ok(Asked::Run(Box::new(options)))
}

fn defaults() -> Options {
    Options {
        address: SocketAddr::new(IpAddr::from([127, 0, 0, 1]), 0),
        shape: Shape::Twilio,
        file: None,
        repeat: false,
        target: None,
        contacts: 1_000_000,
        first: 0,
        rate: None,
        connections: 64,
        pipeline: 1,
        duration: Duration::from_secs(10),
        requests: u64::MAX,
        warmup: Duration::ZERO,
        grace: Duration::from_secs(5),
        timeout: Duration::from_secs(30),
        ledger: None,
        json: false,
    }
}

fn set(options: &mut Options, name: &str, value: &str) -> Result<(), Failure> {
    match name {
        "--host" => options.address.set_ip(loopback(value)?),
        "--port" => {
            let port = number(name, value, 1, u64::from(u16::MAX))?;
            options
                .address
                .set_port(u16::try_from(port).unwrap_or_default());
        }
        "--shape" => {
            options.shape = Shape::from_name(value).ok_or_else(|| {
                Failure::usage("--shape takes twilio, telnyx, vonage or kannel".to_owned())
            })?;
        }
        "--file" => options.file = Some(value.to_owned()),
        "--target" => options.target = Some(target(value)?),
        "--ledger" => options.ledger = Some(value.to_owned()),
        "--contacts" => options.contacts = number(name, value, 1, CONTACTS_MAX)?,
        "--first" => options.first = number(name, value, 0, u64::MAX / 2)?,
        "--rate" => options.rate = Some(number(name, value, 1, RATE_MAX)?),
        "--connections" => options.connections = small(name, value, CONNECTIONS_MAX)?,
        "--pipeline" => options.pipeline = small(name, value, PIPELINE_MAX)?,
        "--requests" => options.requests = number(name, value, 1, u64::MAX / 2)?,
        "--seconds" => options.duration = seconds(name, value)?,
        "--warmup" => options.warmup = seconds(name, value)?,
        "--grace" => options.grace = seconds(name, value)?,
        "--timeout" => options.timeout = seconds(name, value)?,
        _ => return Err(Failure::usage(format!("{name}: unknown; see --help"))),
    }
    Ok(())
}

fn loopback(value: &str) -> Result<IpAddr, Failure> {
    let address = if value == "localhost" {
        Ok(IpAddr::from([127, 0, 0, 1]))
    } else {
        value.parse()
    };
    match address {
        Ok(address) if IpAddr::is_loopback(&address) => Ok(address),
        _ => Err(Failure::usage(format!(
            "--host {value}: refused: only loopback addresses (127.0.0.1, ::1) may be loaded"
        ))),
    }
}

fn target(value: &str) -> Result<String, Failure> {
    let is_plain = value.starts_with('/') && value.bytes().all(|byte| byte.is_ascii_graphic());
    if is_plain {
        Ok(value.to_owned())
    } else {
        Err(Failure::usage(
            "--target takes a path like /hooks/twilio?blast=b1".to_owned(),
        ))
    }
}

fn number(name: &str, value: &str, min: u64, max: u64) -> Result<u64, Failure> {
    match value.parse() {
        Ok(number) if (min..=max).contains(&number) => Ok(number),
        _ => Err(Failure::usage(format!(
            "{name} {value}: takes a number from {min} to {max}"
        ))),
    }
}

fn small(name: &str, value: &str, max: u64) -> Result<usize, Failure> {
    number(name, value, 1, max).map(|number| usize::try_from(number).unwrap_or(1))
}

fn seconds(name: &str, value: &str) -> Result<Duration, Failure> {
    match value.parse::<f64>() {
        Ok(seconds) if (0.0..=SECONDS_MAX).contains(&seconds) => {
            Ok(Duration::from_secs_f64(seconds))
        }
        _ => Err(Failure::usage(format!(
            "{name} {value}: takes 0 to {SECONDS_MAX} seconds"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(line: &str) -> Result<Options, String> {
        match parse(line.split_whitespace().map(str::to_owned)) {
            Ok(Asked::Run(options)) => Ok(*options),
            Ok(Asked::Help) => Err("help".to_owned()),
            Err(failure) => {
                assert_eq!(failure.exit_code, 2);
                assert_eq!(failure.sentence.lines().count(), 1);
                Err(failure.sentence)
            }
        }
    }

    #[test]
    fn a_full_line_is_read() {
        let options = run(
            "--host ::1 --port 8080 --shape telnyx --rate 5000 --connections 256 --seconds 1.5 \
             --requests 70 --warmup 0.5 --pipeline 4 --first 20 --ledger l --json",
        )
        .unwrap();
        assert_eq!(options.address.to_string(), "[::1]:8080");
        assert_eq!((options.shape, options.rate), (Shape::Telnyx, Some(5_000)));
        assert_eq!((options.connections, options.pipeline), (256, 4));
        assert_eq!(
            (options.duration, options.requests),
            (Duration::from_millis(1_500), 70)
        );
        assert!(options.json && options.ledger.as_deref() == Some("l"));
    }

    #[test]
    fn only_loopback_is_loaded() {
        for host in ["192.168.1.1", "0.0.0.0", "example.com", "::", "8.8.8.8"] {
            let sentence = run(&format!("--port 80 --host {host}")).unwrap_err();
            assert!(sentence.contains("only loopback"), "{sentence}");
        }
        assert!(run("--port 80 --host localhost").is_ok());
        assert!(run("--port 80 --host 127.8.9.10").is_ok());
    }

    #[test]
    fn wrong_lines_are_refused_in_one_line() {
        for line in [
            "",
            "--port",
            "--port 0",
            "--port 70000",
            "--port 80 --shape plivo",
            "--port 80 --rate 5 --closed",
            "--port 80 --rate 0",
            "--port 80 --seconds nan",
            "--port 80 --seconds 1e9",
            "--port 80 --connections 1000000",
            "--port 80 --target hooks",
            "--port 80 --frobnicate 3",
        ] {
            assert!(run(line).is_err(), "{line}");
        }
        assert_eq!(run("--port 80 --help").unwrap_err(), "help");
    }

    #[test]
    fn help_names_every_option() {
        for name in [
            "--shape", "--file", "--rate", "--closed", "--ledger", "--warmup", "--host",
        ] {
            assert!(HELP.contains(name), "{name}");
        }
    }
}
