//! What every command of a program says of itself, in one text.

use crate::failure::Failure;
use std::path::Path;
use std::process::{Command, Stdio};

/// The help of these programs and of all their commands.
pub fn of(folder: &Path, programs: &[String]) -> Result<String, Failure> {
    let mut text = String::new();
    for program in programs {
        add(folder, &[program], &mut text)?;
    }
    Ok(text)
}

fn add(folder: &Path, line: &[&str], text: &mut String) -> Result<(), Failure> {
    let said = help(folder, line)?;
    *text += &format!("{}\n{}\n\n{}\n\n", line.join(" "), "=".repeat(line.join(" ").len()), said.trim());
    let more: Vec<String> = commands(&said).into_iter().filter(|name| name != "help").collect();
    more.iter().try_for_each(|name| add(folder, &[line, &[name.as_str()]].concat(), text))
}

/// What a program, or a command of it, says of itself.
pub fn help(folder: &Path, line: &[&str]) -> Result<String, Failure> {
    let path = folder.join(line[0]);
    let output = Command::new(&path).args(&line[1..]).arg("--help").env_clear().stdin(Stdio::null()).output();
    let output = output.map_err(|error| Failure::io("start", &path, &error))?;
    if !output.status.success() {
        return Err(Failure::new(format!("`{} --help` ended with {}.", line.join(" "), output.status)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The commands that a help names: lines under `Commands:`, as clap writes them.
fn commands(help: &str) -> Vec<String> {
    let under = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let named =
        under.take_while(|line| !line.is_empty()).filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    named.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::commands;

    #[test]
    fn commands_are_those_of_their_list() {
        let help = "A program\n\nUsage: x <COMMAND>\n\nCommands:\n  serve  Runs it\n         for long\n  help   Print\n\n\
                    Options:\n  -h, --help  Print help\n";
        assert_eq!(commands(help), ["serve", "help"]);
        assert!(commands("Options:\n  --data <DATA>\n").is_empty());
    }
}
