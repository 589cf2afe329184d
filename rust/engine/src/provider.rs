//! Whose wire formats can be read. Knows nothing of the formats.

use crate::named::named;

named! {
    /// Whose wire format a request has.
    Provider {
        /// The project's own canonical events.
        Canonical = 0 "smstrack",
        /// Twilio status callbacks and inbound messages.
        Twilio = 1 "twilio",
        /// Telnyx messaging webhooks (v2).
        Telnyx = 2 "telnyx",
        /// Vonage's (Nexmo's) SMS API.
        VonageSms = 3 "vonage-sms",
        /// Kannel's smsbox, parameters by template.
        Kannel = 4 "kannel",
        /// Infobip reports and inbound messages.
        Infobip = 5 "infobip",
        /// SMPP receipt text, with or without TLVs.
        Smpp = 6 "smpp",
        /// Vonage's Messages API.
        VonageMessages = 7 "vonage-messages",
        /// Sinch SMS (XMS) reports and inbound messages.
        Sinch = 8 "sinch",
        /// Bandwidth messaging callbacks.
        Bandwidth = 9 "bandwidth",
        /// Plivo message callbacks.
        Plivo = 10 "plivo",
        /// `MessageBird` status reports and inbound messages.
        MessageBird = 11 "messagebird",
        /// AWS: SNS envelopes, End User Messaging, Pinpoint streams, SNS delivery logs.
        Aws = 12 "aws",
        /// Azure Communication Services, as Event Grid events or `CloudEvents`.
        Azure = 13 "azure",
        /// `RingCentral` message and opt-out notifications.
        RingCentral = 14 "ringcentral",
        /// Jasmin's HTTP throwers.
        Jasmin = 15 "jasmin",
        /// CM.com status reports and inbound messages, JSON or XML.
        Cm = 16 "cm",
        /// MSG91 delivery reports.
        Msg91 = 17 "msg91",
        /// Gupshup delivery reports, by query or as a JSON array.
        Gupshup = 18 "gupshup",
        /// `TextMagic`, JSON and the older multipart forms.
        Textmagic = 21 "textmagic",
        /// `ClickSend` inbound messages.
        Clicksend = 22 "clicksend",
        /// Africa's Talking reports and inbound messages.
        AfricasTalking = 19 "africastalking",
        /// Textlocal receipts and inbound messages.
        Textlocal = 20 "textlocal",
        /// `SMSEagle`: messages a device received.
        SmsEagle = 23 "smseagle",
        /// playSMS's generic gateway callback.
        PlaySms = 24 "playsms",
        /// MMG (UK).
        Mmg = 25 "mmg",
        /// Firetext (UK).
        Firetext = 26 "firetext",
        /// mTarget.
        Mtarget = 27 "mtarget",
        /// `HighConnection`.
        HighConnection = 28 "highconnection",
        /// A gateway whose format is told by a loaded profile.
        Profile = 100 "profile",
    }
}
