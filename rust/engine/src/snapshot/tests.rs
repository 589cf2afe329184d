use super::*;
use crate::log::faulty::FaultyDisk;

#[test]
fn names_are_sorted_newest_first_and_strangers_ignored() {
    let all = [
        "snapshots/00000000000000000007.snap",
        "snapshots/x.snap",
        "log/000000000001.log",
        "snapshots/00000000000000000012.snap",
    ];
    let all: Vec<String> = all.iter().map(ToString::to_string).collect();
    let found: Vec<u64> = names(&all)
        .into_iter()
        .map(|(position, _)| position)
        .collect();
    assert_eq!(found, [12, 7]);
}

#[test]
fn two_are_kept_and_leftovers_go() {
    let disk = FaultyDisk::default();
    for position in 1..=4 {
        write(&disk, position, b"x").unwrap();
    }
    disk.put("snapshots/00000000000000000009.tmp", b"half");
    tidy(&disk).unwrap();
    let all = disk.list().unwrap();
    let found: Vec<u64> = names(&all)
        .into_iter()
        .map(|(position, _)| position)
        .collect();
    assert_eq!(found, [4, 3]);
    assert_eq!(all.len(), 2);
}
