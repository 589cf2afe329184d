//! Where in a request the fields are: query, form body or JSON body.

use super::slots::{Fault, Raw, Slot, Slots};
use super::{RejectCode, RequestView, Template, form};

/// The part of a request that holds its fields.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source<'a> {
    /// Nothing anywhere.
    Nothing,
    /// The query of a request without a body.
    Query(&'a [u8]),
    /// A form body.
    Form(&'a [u8]),
    /// A body that begins as JSON does.
    Json(&'a [u8]),
}

/// Finds the fields. What a body begins with counts, not what its content type says: senders
/// and relays get the type wrong, and nothing that is a form begins with a brace.
pub(super) fn find<'a>(request: &RequestView<'a>) -> Source<'a> {
    match request.body.trim_ascii_start().first() {
        Some(b'{' | b'[') => Source::Json(request.body),
        Some(_) => Source::Form(trim_line_end(request.body)),
        None => match request.query() {
            "" => Source::Nothing,
            query => Source::Query(query.as_bytes()),
        },
    }
}

/// Some relays end a form with a line end, which would stick to its last value.
fn trim_line_end(body: &[u8]) -> &[u8] {
    let end = body.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n'));
    end.and_then(|end| body.get(..=end)).unwrap_or_default()
}

/// The form or query of a request whose provider sends nothing else.
///
/// # Errors
/// `body_empty`, or `type_unsupported` for JSON.
pub(super) fn form<'a>(request: &RequestView<'a>) -> Result<&'a [u8], Fault> {
    match find(request) {
        Source::Nothing => Err(nothing()),
        Source::Json(_) => Err(Fault::new(0, RejectCode::TypeUnsupported)),
        Source::Query(form) | Source::Form(form) => Ok(form),
    }
}

/// The fault of a request without any field.
pub(super) fn nothing() -> Fault {
    Fault::new(0, RejectCode::BodyEmpty)
}

/// Puts what a template calls `client_ref` in a form or query into its slot. Without a
/// template the name is `client_ref`.
pub(super) fn client_ref<'a>(
    form: &'a [u8],
    template: Option<&Template>,
    slots: &mut Slots<'a>,
) -> Result<(), Fault> {
    if form.is_empty() {
        return Ok(());
    }
    form::each_pair(form, |pair| {
        let found = form::find_name(&pair, |wire| match template {
            Some(template) => template
                .roles
                .iter()
                .find(|(name, role)| role == "client_ref" && form::is_same(wire, name.as_bytes()))
                .map(|_| ()),
            None => (wire == b"client_ref").then_some(()),
        });
        if found.is_some() {
            slots.set(
                Slot::Ref,
                Raw {
                    bytes: pair.value,
                    at: pair.at,
                    wire: pair.wire(),
                },
            );
        }
    })
}
