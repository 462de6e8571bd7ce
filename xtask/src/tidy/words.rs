//! Words that no text file of the repository holds.

use super::Finding;

/// First folders of absolute paths that exist on one machine only.
const MACHINE_FOLDERS: [&str; 6] = ["home", "root", "Users", "work", "tmp", "mnt"];
/// Marks of work put off; put together here so that this file does not hold them.
const PUT_OFF: [&str; 3] = [concat!("FIX", "ME"), concat!("XX", "X"), concat!("TO", "DO")];

/// Checks one text file, line by line.
pub(crate) fn check(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let place = format!("{path}:{}", index + 1);
        if let Some(folder) = machine_path(line) {
            findings.push(Finding::new(
                &place,
                format!("speaks of /{folder}/, a path of one machine"),
                "use a path inside the repository, or a temporary folder asked of the system",
            ));
        }
        if let Some(mark) = PUT_OFF.iter().find(|mark| is_marked(line, mark)) {
            findings.push(Finding::new(
                &place,
                format!("`{mark}`: work put off"),
                "do it, or write what holds today",
            ));
        }
    }
    findings
}

/// The first folder of an absolute path of one machine; `https://x/home/` is none.
fn machine_path(line: &str) -> Option<&'static str> {
    MACHINE_FOLDERS.into_iter().find(|folder| {
        line.match_indices(&format!("/{folder}/")).any(|(at, _)| {
            let before = line[..at].chars().next_back();
            !before.is_some_and(|c| c.is_alphanumeric() || "._-~/}$*)".contains(c))
        })
    })
}

/// The mark as a word of its own, followed by nothing, a blank, a colon or a bracket.
fn is_marked(line: &str, mark: &str) -> bool {
    line.match_indices(mark).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + mark.len()..].chars().next();
        !before.is_some_and(char::is_alphanumeric)
            && after.is_none_or(|c| c.is_whitespace() || ":(".contains(c))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn faults(line: String, count: usize) {
        assert_eq!(check("a.md", &line).len(), count, "{line}");
    }

    #[test]
    fn paths_of_one_machine_are_found() {
        for folder in MACHINE_FOLDERS {
            faults(format!("see `/{folder}/x`"), 1);
            faults(format!("/{folder}/x"), 1);
            faults(format!("https://example.org/{folder}/x"), 0);
            faults(format!("target/{folder}/x"), 0);
        }
        faults("reads /dev/full".to_owned(), 0);
    }

    #[test]
    fn work_put_off_is_found() {
        for mark in &PUT_OFF {
            faults(format!("// {mark}: later"), 1);
            faults((*mark).to_owned(), 1);
            faults(format!("A{mark}B"), 0);
        }
    }
}
