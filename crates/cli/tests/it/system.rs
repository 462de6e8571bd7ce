//! Full disks, closed pipes, interrupts and kills.
#![cfg(unix)]

use std::fs::OpenOptions;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::program::Bench;

#[test]
fn nobody_reading_is_no_failure() {
    let bench = Bench::new();
    for command in ["datasets", "datasets digits", "--help", "completions bash"] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = bench.command(command).stdout(writer).stderr(Stdio::piped()).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{command}");
        assert_eq!(output.stderr, b"", "{command}");
    }
}

#[test]
fn a_full_disk_is_a_failure() {
    let bench = Bench::new();
    let full = || OpenOptions::new().write(true).open("/dev/full").unwrap();
    for command in ["datasets", "fit diabetes", "--version"] {
        let output = bench.command(command).stdout(full()).stderr(Stdio::piped()).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{command}");
        assert!(stderr.contains("cannot write to standard output"), "{stderr}");
    }
    bench.fails("fit diabetes -q --out /dev/full", 1, "no space left on the device");
    // Nowhere to say anything is no reason to fail.
    let output = bench.command("fit diabetes --out model.wl").stderr(full()).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn ctrl_c_ends_with_130() {
    let bench = Bench::new();
    let mut child = bench
        .command("fit - --target y")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // More than a pipe holds: once it is written the program is reading.
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"x,y\n").unwrap();
    stdin.write_all("1,2\n".repeat(1 << 16).as_bytes()).unwrap();
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert_eq!(output.stdout, b"");
}

/// Killed at any moment, the path holds the whole old or the whole new model.
#[test]
fn a_kill_leaves_the_old_or_the_new_model() {
    let bench = Bench::new();
    let fits = ["fit diabetes -q --out model.wl", "fit diabetes -q --seed 1 --out model.wl"];
    let whole: Vec<Vec<u8>> = fits
        .iter()
        .map(|fit| {
            bench.ok(fit);
            bench.read("model.wl")
        })
        .collect();
    assert_ne!(whole[0], whole[1]);
    let mut seen = [0, 0];
    for round in 0..200_u64 {
        let mut child =
            bench.command(fits[(round % 2) as usize]).stdout(Stdio::null()).spawn().unwrap();
        // The program takes a few milliseconds: kills fall all over it.
        std::thread::sleep(Duration::from_micros(round * 97 % 20_000));
        child.kill().unwrap();
        child.wait().unwrap();
        let found = bench.read("model.wl");
        let which = whole.iter().position(|bytes| *bytes == found);
        seen[which.expect("the whole old or the whole new model")] += 1;
    }
    assert!(seen[0] > 0 && seen[1] > 0, "kills never fell after a save: {seen:?}");
    bench.ok("predict model.wl diabetes");
}

/// Work that lasts less than a second shows no progress bar.
#[test]
fn short_work_is_quiet() {
    let bench = Bench::new();
    assert_eq!(bench.run("fit diabetes").stderr, "");
    let saved = bench.run("fit diabetes --out model.wl").stderr;
    assert_eq!(saved, "note: model saved to model.wl\n");
}
