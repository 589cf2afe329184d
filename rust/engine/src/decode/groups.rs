//! JSON bodies whose events stand in groups: an array of groups inside the body, and in each
//! an array of members that share the rest of the group. Knows no provider.
//!
//! As in [`super::tree`], a body is read to its end before anything is given out, and then
//! again, group by group, so that nothing is kept.

use super::json::{Scanner, Stopped};
use super::row::{Build, Row, SCRATCH_BYTES, Scratch};
use super::slots::{Fault, Slot, Slots, Wire, at};
use super::table::Key;
use super::tree::{Walk, check_utf8};
use super::{BodyError, Reject, RejectCode, Sink};
use crate::limits::{BODY_EVENTS_MAX, BODY_KEYS_MAX};

/// Where groups and their members are. An array in a place where only one thing belongs is
/// none of these: its elements are read one by one.
pub(super) struct Groups {
    /// What is around the groups; without groups it is a row by itself.
    pub root: &'static Key,
    /// The slot in which the root's table puts the groups.
    pub list: Slot,
    /// What a group shares.
    pub group: &'static Key,
    /// The slot in which the group's table puts its members. A group without any is a row.
    pub members: Slot,
    /// A member.
    pub member: &'static Key,
}

/// Reads a JSON body and gives the sink its rows: members of groups, or objects without groups.
///
/// # Errors
/// When the body is not JSON, or neither an object nor an array.
pub(super) fn json_groups<S: Sink>(
    body: &[u8],
    groups: &Groups,
    build: Build,
    sink: &mut S,
) -> Result<(), BodyError> {
    let text = check_utf8(body)?;
    let mut scan = Scanner::new(body, 0, BODY_KEYS_MAX);
    let first = scan.skip_blanks();
    let start = scan.place();
    let proof = scan.skip_value().and_then(|()| scan.end());
    proof.map_err(|Stopped| scan.fault())?;
    if !matches!(first, Some(b'{' | b'[')) {
        return Err(Fault::new(start, RejectCode::WrongType).into());
    }
    // Two bytes an event are the least: few bodies are long enough to hold too many.
    if body.len() / 2 > BODY_EVENTS_MAX {
        let mut count = 0;
        visit(body, start, groups, &mut |_, _, _| count += 1);
        if count > BODY_EVENTS_MAX {
            return Err(Fault::new(start, RejectCode::TooManyEvents).into());
        }
    }
    let mut number = 0;
    visit(body, start, groups, &mut |slots, place, fits| {
        give(text, slots, (number, at(place), fits), build, sink);
        number += 1;
    });
    Ok(())
}

/// Gives the sink what one row says: its number, where it is, whether it has the type of one.
fn give<S: Sink>(
    text: &str,
    slots: &Slots<'_>,
    (number, byte, fits): (u32, u32, bool),
    build: Build,
    sink: &mut S,
) {
    if !fits {
        return sink.reject(Reject {
            row: number,
            byte,
            code: RejectCode::WrongType,
        });
    }
    let mut buffer = [0; SCRATCH_BYTES];
    let mut row = Row::new(slots, text, Scratch::new(&mut buffer), number, byte);
    match build(&mut row) {
        Ok(Some(event)) => sink.event(number, event),
        Ok(None) => {}
        Err(fault) => sink.reject(fault.in_row(number)),
    }
}

/// Takes a row's slots, where it begins, and whether it has the type of one.
type Take<'k> = dyn FnMut(&Slots<'_>, usize, bool) + 'k;

/// Calls `take` for each row, in order. The body is JSON: that was proved before.
fn visit(body: &[u8], start: usize, groups: &Groups, take: &mut Take<'_>) {
    each(body, start, &mut |place| {
        let Some(root) = read(body, place, &Slots::EMPTY, groups.root) else {
            return take(&Slots::EMPTY, place, false);
        };
        let list = *root.get(groups.list);
        if list.wire != Wire::Nested {
            return take(&root, place, true);
        }
        each(body, list.at as usize, &mut |place| {
            let Some(group) = read(body, place, &root, groups.group) else {
                return take(&Slots::EMPTY, place, false);
            };
            let list = *group.get(groups.members);
            if list.wire != Wire::Nested {
                return take(&group, place, true);
            }
            each(body, list.at as usize, &mut |place| {
                let member = read(body, place, &group, groups.member);
                let is_null = |row: &Slots<'_>| row.get(groups.members).wire == Wire::Null;
                let fits = member.as_ref().is_some_and(|row| !is_null(row));
                take(member.as_ref().unwrap_or(&group), place, fits);
            });
        });
    });
}

/// Calls `take` with the place of each element of an array, or with that of what is no array.
fn each(body: &[u8], place: usize, take: &mut dyn FnMut(usize)) {
    let mut scan = Scanner::new(body, place, usize::MAX);
    if scan.skip_blanks() != Some(b'[') || scan.token().is_err() {
        return take(place);
    }
    let mut is_first = true;
    while let Ok(true) = scan.next_element(is_first) {
        is_first = false;
        take(scan.place());
        if scan.skip_value().is_err() {
            return;
        }
    }
}

/// Adds to some slots what the value at a place holds; none where it has another type.
fn read<'a>(
    body: &'a [u8],
    place: usize,
    slots: &Slots<'a>,
    key: &'static Key,
) -> Option<Slots<'a>> {
    let mut walk = Walk::new(Scanner::new(body, place, usize::MAX));
    walk.slots = *slots;
    let fits = walk.value(key, true);
    matches!(fits, Ok(true)).then_some(walk.slots)
}
