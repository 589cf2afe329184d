//! Odd forms of the requests of smaller gateways: Africa's Talking, Textlocal, `SMSEagle`,
//! playSMS, MMG, Firetext, mTarget, `HighConnection`.
#![cfg(test)]

mod cases;

use smstrack_engine::decode::decode;
use smstrack_engine::event::Provider;

/// Compares what each request file becomes with its lines.
#[track_caller]
fn check(provider: Provider, cases: &[(&[u8], &[&str])]) {
    for (file, expected) in cases {
        let found = cases::lines_of(file, |view, lines| decode(provider, view, None, lines));
        assert_eq!(found, *expected, "{}", String::from_utf8_lossy(file));
    }
}

#[test]
fn africastalking() {
    check(
        Provider::AfricasTalking,
        &[
            (
                b"POST /a\n\nid=AT1&status=Sent&phoneNumber=%2B254700000426&networkCode=63903",
                &["receipt contact=+254700000426 final=false message_id=AT1 state=sent"],
            ),
            (
                b"POST /a\n\nid=AT1&status=Submitted",
                &["receipt final=false message_id=AT1 state=sent"],
            ),
            (
                b"POST /a\n\nid=AT1&status=Buffered&phoneNumber=254700000426",
                &["receipt contact=+254700000426 final=false message_id=AT1 state=accepted"],
            ),
            (
                b"POST /a\n\nid=AT1&status=Failed&failureReason=UserIsInactive",
                &[
                    "receipt error_class=absent error_code=UserIsInactive final=true message_id=AT1 state=failed",
                ],
            ),
            (
                b"POST /a\n\nid=AT1&status=Failed&failureReason=InsufficientCredit&retryCount=0",
                &[
                    "receipt error_class=other error_code=InsufficientCredit final=true message_id=AT1 state=failed",
                ],
            ),
            (
                b"POST /a\n\nid=AT1&status=Rejected&failureReason=",
                &["receipt final=true message_id=AT1 state=rejected"],
            ),
            (
                b"POST /a\n\nid=AT1&status=Expired&failureReason=UserIsInactive",
                &[
                    "receipt error_class=expired error_code=UserIsInactive final=true message_id=AT1 state=expired",
                ],
            ),
            (
                b"POST /a\n\nid=AT1&status=Success&failureReason=UserIsInactive",
                &["receipt final=true message_id=AT1 state=delivered"],
            ),
            (
                b"POST /a\n\nid=AT1&status=Absent&phoneNumber=masked",
                &["receipt final=false message_id=AT1 state=unknown"],
            ),
            (
                b"POST /a\n\nid=AT1&status=Sent&status=Success&id=AT2",
                &["receipt final=true message_id=AT2 state=delivered"],
            ),
            (
                b"GET /a?id=AT1&status=Success&phoneNumber=+254700000426\n\n",
                &["receipt contact=+254700000426 final=true message_id=AT1 state=delivered"],
            ),
            (
                b"POST /a\n\nfrom=%2B254700000765&to=HARBOUR&text=&date=2026-04-19+04%3A33%3A23&id=7&linkId=",
                &[
                    "reply contact=+254700000765 message_id=7 occurred_at=2026-04-19T04:33:23Z sender=HARBOUR text=",
                ],
            ),
            (
                b"POST /a\n\nfrom=%2B254700000765&to=50424&text=STOP+%F0%9F%99%82&date=soon",
                &["reply contact=+254700000765 sender=50424 text=STOP 🙂"],
            ),
            (
                b"POST /a\n\nfrom=SafaricomX&to=50424&text=Hi",
                &["reply sender=50424 text=Hi"],
            ),
            (b"POST /a\n\nnetworkCode=63903", &["!0@0 kind_unknown"]),
            (b"POST /a\n\nstatus=Success", &["!0@0 no_reference"]),
            (b"POST /a\n\nid=%zz&status=Sent", &["!!3 percent_invalid"]),
            (b"POST /a\n\n", &["!!0 body_empty"]),
            (b"GET /a\n\n", &["control"]),
        ],
    );
}

#[test]
fn textlocal() {
    check(
        Provider::Textlocal,
        &[
            (
                b"POST /t\n\nnumber=447700900394&status=U&customID=&datetime=2026-03-03+11%3A30%3A20",
                &["receipt contact=+447700900394 final=true state=undelivered"],
            ),
            (
                b"POST /t\n\nnumber=447700900394&status=I&customID=c-1",
                &[
                    "receipt client_ref=c-1 contact=+447700900394 error_class=invalid_number final=true state=failed",
                ],
            ),
            (
                b"POST /t\n\nnumber=447700900394&status=%3F&customID=c-1",
                &["receipt client_ref=c-1 contact=+447700900394 final=true state=unknown"],
            ),
            (
                b"POST /t\n\nnumber=447700900394&status=?",
                &["receipt contact=+447700900394 final=true state=unknown"],
            ),
            (
                b"POST /t\n\nnumber=447700900394&status=X",
                &["receipt contact=+447700900394 final=false state=unknown"],
            ),
            (
                b"POST /t\n\nnumber=07700900394&status=D&customID=c-1",
                &["receipt client_ref=c-1 final=true state=delivered"],
            ),
            (
                b"POST /t\n\nnumber=%2B44+7700+900394&status=D",
                &["receipt contact=+447700900394 final=true state=delivered"],
            ),
            (
                b"POST /t\n\nsender=447700900394&content=STOP+please&inNumber=447700900001&keyword=STOP&comments=please&email=&credits=0",
                &["reply contact=+447700900394 sender=447700900001 text=STOP please"],
            ),
            (
                b"POST /t\n\nsender=447700900394&content=&inNumber=60777",
                &["reply contact=+447700900394 sender=60777 text="],
            ),
            (
                b"POST /t\n\nsender=60777&inNumber=447700900001&content=%C2%A310+off%0Anow",
                &["reply sender=447700900001 text=£10 off\nnow"],
            ),
            (
                b"POST /t\nContent-Type: application/json\n\n{\"number\":447700900394,\"status\":\"D\",\"customID\":17}",
                &["receipt client_ref=17 contact=+447700900394 final=true state=delivered"],
            ),
            (b"POST /t\n\nstatus=D", &["!0@0 no_reference"]),
            (b"POST /t\n\ncredits=3", &["!0@0 kind_unknown"]),
        ],
    );
}

#[test]
fn smseagle() {
    check(
        Provider::SmsEagle,
        &[
            (
                b"POST /s\n\nsender=%2B48600000724&timestamp=20260524102333&msgid=567&text=Tak",
                &["reply contact=+48600000724 message_id=567 text=Tak"],
            ),
            (
                b"GET /s?sender=+48600000724&msgid=0&text=\n\n",
                &["reply contact=+48600000724 message_id=0 text="],
            ),
            (
                b"GET /s?sender=48600000724&msgid=&text=a&text=b\n\n",
                &["reply contact=+48600000724 text=b"],
            ),
            (
                b"GET /s?sender=INFO&msgid=5&text=Hello\n\n",
                &["reply message_id=5 text=Hello"],
            ),
            (
                b"GET /s?sender=80808&msgid=5&text=Hello\n\n",
                &["reply message_id=5 text=Hello"],
            ),
            (
                b"GET /s?sender=0048600000724&msgid=5&text=%C5%BC%C3%B3%C5%82w&apikey=k&modemno=1&oid=x\n\n",
                &["reply contact=+48600000724 message_id=5 text=żółw"],
            ),
            (
                b"GET /s?sender=48600000724&msgid=5\n\n",
                &["reply contact=+48600000724 message_id=5"],
            ),
            (
                b"POST /s?sender=1&text=no\n\nsender=48600000724&text=STOP&msgid=568\r\n",
                &["reply contact=+48600000724 message_id=568 text=STOP"],
            ),
            (
                b"POST /s\n\n{\"sender\":\"48600000724\",\"msgid\":567,\"text\":\"caf\\u00e9\"}",
                &["reply contact=+48600000724 message_id=567 text=café"],
            ),
            (b"GET /s?msgid=5\n\n", &["!0@0 kind_unknown"]),
            (b"GET /s?sender=4&text=%E9\n\n", &["!!14 not_utf8"]),
            (b"HEAD /s\n\n", &["control"]),
        ],
    );
}

#[test]
fn playsms() {
    check(
        Provider::PlaySms,
        &[
            (
                b"GET /p?id=m1&message_status=1&smsc=gwa\n\n",
                &["receipt final=false message_id=m1 state=sent"],
            ),
            (
                b"POST /p\n\nid=m1&message_status=2",
                &["receipt final=true message_id=m1 state=failed"],
            ),
            (
                b"POST /p\n\nid=m1&message_status=0",
                &["receipt final=true message_id=m1 state=failed"],
            ),
            (
                b"POST /p\n\nid=m1&message_status=failed",
                &["receipt final=true message_id=m1 state=failed"],
            ),
            (
                b"POST /p?authcode=x&smsc=gwa&id=old\n\nid=m1&message_status=3",
                &["receipt final=true message_id=m1 state=delivered"],
            ),
            (
                b"POST /p?id=m%201\n\nmessage_status=3",
                &["receipt final=true message_id=m 1 state=delivered"],
            ),
            (
                b"GET /p?from=%2B12025550143&to=9876&message=Yes+please&smsc=gwa&authcode=x\n\n",
                &["reply contact=+12025550143 sender=9876 text=Yes please"],
            ),
            (
                b"POST /p\n\nid=8&from=12025550143&to=&message=",
                &["reply contact=+12025550143 message_id=8 text="],
            ),
            (
                b"POST /p\n\nid=8&message_status=&from=12025550143&to=9876&message=STOP",
                &["reply contact=+12025550143 message_id=8 sender=9876 text=STOP"],
            ),
            (
                b"POST /p\n\nid=8&from=Bank&to=9876&message=a%26b%3Dc",
                &["reply message_id=8 sender=9876 text=a&b=c"],
            ),
            (b"POST /p\n\nmessage_status=3", &["!0@0 no_reference"]),
            (b"POST /p\n\nid=8&smsc=x", &["!0@0 kind_unknown"]),
            (b"GET /p\n\n", &["control"]),
        ],
    );
}

#[test]
fn mmg() {
    check(
        Provider::Mmg,
        &[
            (
                b"POST /m\n\n{\"reference\":\"r\",\"CID\":\"c\",\"MSISDN\":\"07700900443\",\"status\":4,\"substatus\":27,\"deliverytime\":\"2026-01-27 18:07:17\"}",
                &[
                    "receipt client_ref=c contact=+447700900443 error_class=absent error_code=27 final=true message_id=r occurred_at=2026-01-27T18:07:17Z state=undelivered",
                ],
            ),
            (
                b"POST /m\n\n{\"reference\":\"r\",\"status\":\"4\",\"substatus\":\"15\",\"deliverytime\":\"2026-06-27T18:07:17+02:00\"}",
                &[
                    "receipt error_class=expired error_code=15 final=true message_id=r occurred_at=2026-06-27T16:07:17Z state=undelivered",
                ],
            ),
            (
                b"POST /m\n\n{\"reference\":\"r\",\"status\":\"4\",\"substatus\":\"5\",\"deliverytime\":\"\"}",
                &[
                    "receipt error_class=other error_code=5 final=true message_id=r state=undelivered",
                ],
            ),
            (
                b"POST /m\n\n{\"CID\":\"c\",\"status\":\"2\",\"substatus\":\"1\"}",
                &[
                    "receipt client_ref=c error_class=invalid_number error_code=1 final=true state=failed",
                ],
            ),
            (
                b"POST /m\n\n{\"CID\":\"c\",\"status\":\"2\",\"substatus\":\"4\"}",
                &["receipt client_ref=c error_class=other error_code=4 final=true state=failed"],
            ),
            (
                b"POST /m\n\n{\"CID\":\"c\",\"status\":\"2\",\"substatus\":\"2051\"}",
                &[
                    "receipt client_ref=c error_class=opted_out error_code=2051 final=true state=failed",
                ],
            ),
            (
                b"POST /m\n\n{\"CID\":\"c\",\"status\":\"5\",\"substatus\":\"20\"}",
                &[
                    "receipt client_ref=c error_class=rate_limit error_code=20 final=true state=failed",
                ],
            ),
            (
                b"POST /m\n\n{\"CID\":\"c\",\"status\":\"5\",\"substatus\":\"10\"}",
                &[
                    "receipt client_ref=c error_class=opted_out error_code=10 final=true state=failed",
                ],
            ),
            (
                b"POST /m\n\n{\"CID\":\"c\",\"status\":\"5\",\"substatus\":null}",
                &["receipt client_ref=c final=true state=failed"],
            ),
            (
                b"POST /m\n\n{\"CID\":\"c\",\"status\":\"9\",\"substatus\":\"1\"}",
                &["receipt client_ref=c error_code=1 final=false state=unknown"],
            ),
            (
                b"POST /m\n\n{\"CID\":\"c\",\"status\":\"3\",\"substatus\":\"2\",\"MSISDN\":\"7700\",\"deliverytime\":\"2026-10-25 01:30:00\"}",
                &[
                    "receipt client_ref=c final=true occurred_at=2026-10-25T00:30:00Z state=delivered",
                ],
            ),
            (
                b"POST /m\n\n{\"ID\":\"1234\",\"MSISDN\":\"447700900855\",\"Message\":\"Some+message%2C+100%25%0A%F0%9F%99%82\",\"Trigger\":\"T\",\"Number\":\"testing\",\"Channel\":\"SMS\",\"DateRecieved\":\"2026-06-27+12%3A33%3A00\"}",
                &[
                    "reply contact=+447700900855 message_id=1234 occurred_at=2026-06-27T12:33:00Z sender=testing text=Some message, 100%\n🙂",
                ],
            ),
            (
                b"POST /m\n\n{\"ID\":12,\"MSISDN\":\"%2B447700900855\",\"Message\":\"50% off \\u00e9\",\"Number\":\"+447700900001\",\"DateRecieved\":\"2026-06-27T12:33:00+01:00\"}",
                &[
                    "reply contact=+447700900855 message_id=12 occurred_at=2026-06-27T11:33:00Z sender=+447700900001 text=50% off é",
                ],
            ),
            (
                b"POST /m\n\n{\"ID\":\"\",\"MSISDN\":\"07700+900855\",\"Message\":\"\",\"Number\":\"\"}",
                &["reply contact=+447700900855 text="],
            ),
            (
                b"POST /m\n\n{\"CID\":\"a\",\"status\":\"2\",\"CID\":\"b\",\"status\":\"3\"}",
                &["receipt client_ref=b final=true state=delivered"],
            ),
            (b"POST /m\n\n{\"status\":\"3\"}", &["!0@0 no_reference"]),
            (
                b"POST /m\n\n{\"CID\":\"a\",\"status\":[3]}",
                &["!0@20 wrong_type"],
            ),
            (b"POST /m\n\n{\"Trigger\":1}", &["!0@0 kind_unknown"]),
            (b"POST /m\n\n{\"CID\":\"a", &["!!9 json_truncated"]),
        ],
    );
}

#[test]
fn firetext() {
    check(
        Provider::Firetext,
        &[
            (
                b"POST /f\n\nmobile=07700900443&status=1&code=101&time=2026-03-29 02:30:00&reference=x",
                &[
                    "receipt client_ref=x contact=+447700900443 error_class=invalid_number error_code=101 final=true occurred_at=2026-03-29T01:30:00Z state=failed",
                ],
            ),
            (
                b"POST /f\n\nmobile=447700900443&status=1&code=103&reference=x",
                &[
                    "receipt client_ref=x contact=+447700900443 error_class=absent error_code=103 final=true state=failed",
                ],
            ),
            (
                b"POST /f\n\nmobile=447700900443&status=1&code=401",
                &[
                    "receipt contact=+447700900443 error_class=other error_code=401 final=true state=failed",
                ],
            ),
            (
                b"POST /f\n\nmobile=447700900443&status=2&code=000&time=2026-12-01%2008%3A00%3A00",
                &[
                    "receipt contact=+447700900443 final=false occurred_at=2026-12-01T08:00:00Z state=accepted",
                ],
            ),
            (
                b"POST /f\n\nmobile=447700900443&status=0&code=&reference=",
                &["receipt contact=+447700900443 final=true state=delivered"],
            ),
            (
                b"POST /f\n\nmobile=Harbour&status=0&reference=x",
                &["receipt client_ref=x final=true state=delivered"],
            ),
            (
                b"POST /f\n\nmobile=447700900443&status=7&code=101",
                &["receipt contact=+447700900443 error_code=101 final=false state=unknown"],
            ),
            (
                b"POST /f\n\nsource=447700900443&destination=447860039047&message=Yes+please&time=2026-07-01 12:00:00",
                &[
                    "reply contact=+447700900443 occurred_at=2026-07-01T11:00:00Z sender=447860039047 text=Yes please",
                ],
            ),
            (
                b"POST /f\n\nsource=07700 900443&destination=82228&message=&keyword=HI",
                &["reply contact=+447700900443 sender=82228 text="],
            ),
            (
                b"POST /f\n\nsource=447700900443&message=a&message=b&time=2026-07-01T12:00:00+01:00",
                &["reply contact=+447700900443 occurred_at=2026-07-01T11:00:00Z text=b"],
            ),
            (
                b"GET /f?mobile=447700900443&status=0&time=2026-07-01+00%3A30%3A00\n\n",
                &[
                    "receipt contact=+447700900443 final=true occurred_at=2026-06-30T23:30:00Z state=delivered",
                ],
            ),
            (b"POST /f\n\nstatus=0", &["!0@0 no_reference"]),
            (b"POST /f\n\ntime=2026", &["!0@0 kind_unknown"]),
        ],
    );
}

#[test]
fn mtarget() {
    check(
        Provider::Mtarget,
        &[
            (
                b"POST /m\n\nMsgId=a&Status=0",
                &["receipt final=false message_id=a state=accepted"],
            ),
            (
                b"POST /m\n\nMsgId=a&Status=1&StatusText=Buffered",
                &["receipt final=false message_id=a state=accepted"],
            ),
            (
                b"POST /m\n\nMsgId=a&Status=2",
                &["receipt final=false message_id=a state=sent"],
            ),
            (
                b"POST /m\n\nMsgId=a&Status=4",
                &["receipt final=true message_id=a state=failed"],
            ),
            (
                b"POST /m\n\nMsgId=a&Status=6",
                &["receipt final=true message_id=a state=failed"],
            ),
            (
                b"POST /m\n\nMsgId=a&Status=5",
                &["receipt final=false message_id=a state=unknown"],
            ),
            (
                b"POST /m\n\nMsisdn=+33639989056&Content=Bonjour&MsgId=b",
                &["reply contact=+33639989056 message_id=b text=Bonjour"],
            ),
            (
                b"POST /m\n\nMsisdn=%2B33639989056&Content=Stop&Keyword=Stop",
                &["reply consent=stop contact=+33639989056 text=Stop"],
            ),
            (
                b"POST /m\n\nMsisdn=+33639989056&Keyword=Stop",
                &["optout contact=+33639989056 state=stop"],
            ),
            (
                b"POST /m\n\nMsisdn=+33639989056&Content=part+2&msglong.id=l1&msglong.msgcount=3&msglong.msgref=2",
                &["reply contact=+33639989056 parts=3 text=part 2"],
            ),
            (
                b"POST /m\n\nMsisdn=36063&Content=&msglong.msgcount=",
                &["reply text="],
            ),
            (
                b"POST /m\n\nMsisdn=0639989056&Content=Oui",
                &["reply text=Oui"],
            ),
            (
                b"GET /m?MsgId=a&Status=2&Status=3\n\n",
                &["receipt final=true message_id=a state=delivered"],
            ),
            (b"POST /m\n\nStatus=3", &["!0@0 no_reference"]),
            (b"POST /m\n\nMsgId=b", &["!0@0 kind_unknown"]),
        ],
    );
}

#[test]
fn highconnection() {
    check(
        Provider::HighConnection,
        &[
            (
                b"GET /h?push_id=6&status=4&to=33639989056&ret_id=\n\n",
                &["receipt contact=+33639989056 final=false message_id=6 state=sent"],
            ),
            (
                b"GET /h?push_id=6&status=2&to=%2B33639989056&ret_id=r&text=Num%E9ro+inconnu\n\n",
                &["receipt client_ref=r contact=+33639989056 final=true message_id=6 state=failed"],
            ),
            (
                b"GET /h?push_id=6&status=11\n\n",
                &["receipt final=true message_id=6 state=failed"],
            ),
            (
                b"GET /h?push_id=6&status=16&to=0033639989056\n\n",
                &["receipt contact=+33639989056 final=true message_id=6 state=failed"],
            ),
            (
                b"GET /h?push_id=6&status=10\n\n",
                &["receipt final=false message_id=6 state=unknown"],
            ),
            (
                b"POST /h\n\npush_id=6&status=6&to=+33639989056&ret_id=9",
                &[
                    "receipt client_ref=9 contact=+33639989056 final=true message_id=6 state=delivered",
                ],
            ),
            (
                b"POST /h\n\nID=11&FROM=%2B33639989056&TO=36034&MESSAGE=R%E9ponse+d%27%E9t%E9&RECEPTION_DATE=2026-04-02T14%3A26%3A06&ORIG_MESSAGE=Hi&RET_ID=r9",
                &[
                    "reply client_ref=r9 contact=+33639989056 message_id=11 sender=36034 text=Réponse d'été",
                ],
            ),
            (
                b"POST /h\n\nID=11&FROM=+33639989056&TO=36034&MESSAGE=d\xe9j\xe0",
                &["reply contact=+33639989056 message_id=11 sender=36034 text=déjà"],
            ),
            (
                b"POST /h\n\nID=11&FROM=33639989056&TO=&MESSAGE=&RET_ID=",
                &["reply contact=+33639989056 message_id=11 text="],
            ),
            (
                b"POST /h\n\nID=11&FROM=36034&TO=36034&MESSAGE=a&MESSAGE=STOP",
                &["reply message_id=11 sender=36034 text=STOP"],
            ),
            (
                b"POST /h\n\nID=11&FROM=33639989056&MESSAGE=%zz",
                &["!!31 percent_invalid"],
            ),
            (b"GET /h?status=6\n\n", &["!0@0 no_reference"]),
            (b"GET /h?text=Okay\n\n", &["!0@0 kind_unknown"]),
        ],
    );
}
