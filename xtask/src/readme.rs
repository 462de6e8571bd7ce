//! The commands that the root README promises, found so that they can be run.

/// The lines of every fenced block that opens with exactly `` ```sh ci ``.
///
/// Comments and empty lines are dropped, and a line ending in `\` is joined
/// with the next, so that each entry is one command as a person would type it.
pub(crate) fn commands(markdown: &str) -> Vec<String> {
    let mut commands = Vec::new();
    let mut inside = false;
    let mut pending = String::new();
    for line in markdown.lines().map(str::trim) {
        if line.starts_with("```") {
            inside = !inside && line == "```sh ci";
            continue;
        }
        if !inside || line.is_empty() || line.starts_with('#') {
            continue;
        }
        match line.strip_suffix('\\') {
            Some(part) => pending.push_str(part),
            None => {
                pending.push_str(line);
                commands.push(std::mem::take(&mut pending));
            }
        }
    }
    commands
}

#[cfg(test)]
mod tests {
    use super::commands;

    #[test]
    fn only_marked_blocks_count() {
        let text = "```sh ci\n# a remark\ncargo run -- fit iris \\\n  --seed 1\n\ncargo xtask test\n```\n\
                    ```sh\nnot this\n```\n```rust\nnor this\n```\n```sh ci\nlast\n```\n";
        assert_eq!(commands(text), ["cargo run -- fit iris --seed 1", "cargo xtask test", "last"]);
    }
}
