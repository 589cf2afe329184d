//! Whole runs against small servers on a thread.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::run;
use crate::options::{self, Asked};
use crate::report::Tally;
use crate::shapes::{Source, Templates};

/// Starts a server that gives each connection to `serve` on a thread of its own.
fn server(serve: impl Fn(TcpStream) + Send + Clone + 'static) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let serve = serve.clone();
            let stream = stream.unwrap();
            stream.set_nodelay(true).unwrap();
            thread::spawn(move || serve(stream));
        }
    });
    port
}

/// Reads one GET; false at the end of the stream.
fn read_request(stream: &mut TcpStream) -> bool {
    let mut tail = [0_u8; 4];
    let mut byte = [0_u8];
    while tail != *b"\r\n\r\n" {
        if stream.read_exact(&mut byte).is_err() {
            return false;
        }
        tail.rotate_left(1);
        tail[3] = byte[0];
    }
    true
}

fn measure(port: u16, line: &str) -> (Tally, Value) {
    let line = format!("--port {port} --shape kannel {line}");
    let Ok(Asked::Run(options)) = options::parse(line.split_whitespace().map(str::to_owned)) else {
        panic!("{line}");
    };
    let source = Source::Shape(Templates::new(options.shape, 1_000, "localhost", None));
    let tally = run(&options, &source).unwrap_or_else(|failure| panic!("{}", failure.sentence));
    let report = tally.to_json(&Value::Null);
    (tally, report)
}

#[test]
fn every_request_is_answered_and_in_the_ledger() {
    let port = server(|mut stream| {
        while read_request(&mut stream) {
            // In two pieces, and chunked: the answer is whole only with the second.
            stream
                .write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n")
                .unwrap();
            stream.write_all(b"ok\r\n0\r\n\r\n").unwrap();
        }
    });
    for line in ["--pipeline 1", "--pipeline 7", "--rate 5000"] {
        let (tally, report) = measure(
            port,
            &format!("{line} --connections 3 --requests 500 --first 40"),
        );
        assert_eq!(report["sent"], 500);
        assert_eq!(report["statuses"], json!({"200": 500}));
        assert_eq!(tally.ledger.to_text(), "40 539\n");
        assert_eq!(report["repeated_answers"], 0);
    }
}

#[test]
fn refusals_are_counted_and_not_in_the_ledger() {
    let port = server(|mut stream| {
        for status in ["204 No Content", "503 Busy"].into_iter().cycle() {
            if !read_request(&mut stream) {
                return;
            }
            let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    let (tally, report) = measure(port, "--connections 1 --requests 5");
    assert_eq!(report["statuses"], json!({"204": 3, "503": 2}));
    assert_eq!(tally.ledger.to_text(), "0 0\n2 2\n4 4\n");
}

#[test]
fn a_server_that_hangs_up_costs_only_what_was_under_way() {
    let port = server(|mut stream| {
        for _ in 0..10 {
            read_request(&mut stream);
            stream
                .write_all(b"HTTP/1.1 204 No Content\r\n\r\n")
                .unwrap();
        }
        read_request(&mut stream);
    });
    let (_, report) = measure(port, "--connections 2 --requests 100 --seconds 5");
    assert_eq!(report["sent"], 100);
    let count = |name: &str| report[name].as_u64().unwrap();
    assert_eq!(count("answered") + count("failed"), 100);
    assert_eq!(report["failed_by"]["closed"], report["failed"]);
    assert!((8..=10).contains(&count("failed")), "{report}");
    assert_eq!(report["unanswered"], 0);
}

#[test]
fn silence_shows_in_the_latencies_and_ends() {
    let port = server(|mut stream| {
        while read_request(&mut stream) {}
        thread::sleep(Duration::from_secs(1));
    });
    let (_, report) = measure(
        port,
        "--connections 2 --rate 100 --seconds 0.2 --grace 0.1 --pipeline 1",
    );
    assert_eq!(
        (&report["sent"], &report["answered"]),
        (&json!(2), &json!(0))
    );
    assert_eq!(
        (&report["unanswered"], &report["unsent"]),
        (&json!(2), &json!(18))
    );
    assert_eq!(report["latency_us"]["count"], 20);
    assert!(report["latency_us"]["max"].as_f64().unwrap() >= 290_000.0);
}

#[test]
fn an_answer_that_takes_too_long_is_a_timeout() {
    let port = server(|mut stream| while read_request(&mut stream) {});
    let (_, report) = measure(
        port,
        "--connections 1 --requests 1 --timeout 0.05 --seconds 1 --grace 1",
    );
    assert_eq!(report["failed_by"]["timeout"], 1);
    assert_eq!(report["latency_us"]["count"], 1);
}

#[test]
fn no_server_is_one_clear_line() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let line = format!("--port {port}");
    let Ok(Asked::Run(options)) = options::parse(line.split_whitespace().map(str::to_owned)) else {
        panic!("{line}");
    };
    let source = Source::Shape(Templates::new(options.shape, 10, "localhost", None));
    let failure = run(&options, &source).err().unwrap();
    assert!(
        failure.sentence.contains("is the server running"),
        "{}",
        failure.sentence
    );
}
