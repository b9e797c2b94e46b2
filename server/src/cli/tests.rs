use clap::CommandFactory;

use super::*;

fn parse(line: &str) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(line.split_whitespace())
}

#[test]
fn the_definition_is_sound() {
    Cli::command().debug_assert();
}

/// Every command has a purpose in one line, and examples that parse.
#[test]
fn the_help_is_right() {
    fn walk(command: &clap::Command, path: &str) {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        assert!(!about.is_empty() && !about.contains('\n'), "{path}: {about:?}");
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let (_, examples) = help.split_once("Example").unwrap_or_else(|| panic!("{path}: {help}"));
        let examples: Vec<&str> = examples
            .lines()
            .filter_map(|line| Some(&line[line.find("florin ")?..]))
            .filter(|line| line.starts_with("florin "))
            // What the shell does with the output is not for us to parse.
            .map(|line| line.split_once(" > ").map_or(line, |(command, _)| command))
            .collect();
        assert!(examples.iter().any(|line| line.starts_with(path)), "{path}: {examples:?}");
        for line in examples {
            assert!(parse(line).is_ok(), "{path}: {line:?}: {:?}", parse(line).err());
        }
        for inner in command.get_subcommands() {
            walk(inner, &format!("{path} {}", inner.get_name()));
        }
    }
    walk(&Cli::command(), "florin");
}

#[test]
fn what_is_used_wrongly() {
    const ID: &str = "0197f3c2a9b47d11e2c64bb9a0d35f08";
    for (line, fine) in [
        ("florin status".to_owned(), true),
        ("florin status --json".to_owned(), true),
        ("florin --json status".to_owned(), true),
        ("florin status --timeout 0".to_owned(), false),
        ("florin status --timeout 1".to_owned(), true),
        ("florin stats".to_owned(), false),
        ("florin serve --listen nowhere".to_owned(), false),
        ("florin serve --segment-bytes 1".to_owned(), false),
        ("florin account create alice".to_owned(), false),
        ("florin account create alice --asset EUR --floor deep".to_owned(), false),
        ("florin account create alice --asset EUR --metadata k".to_owned(), false),
        ("florin account show".to_owned(), false),
        ("florin account list --limit 0".to_owned(), true),
        ("florin account list --limit -1".to_owned(), false),
        ("florin account update alice".to_owned(), false),
        ("florin account update alice --freeze all".to_owned(), false),
        ("florin account update alice --freeze both --close".to_owned(), true),
        ("florin account create alice --asset EUR --ceiling 5".to_owned(), true),
        ("florin account update alice --ceiling none".to_owned(), true),
        ("florin account list --prefix customer:".to_owned(), true),
        ("florin asset create POINTS".to_owned(), false),
        ("florin hold".to_owned(), false),
        ("florin hold --from a --to b".to_owned(), false),
        ("florin hold --from a --to b --amount 1".to_owned(), true),
        ("florin hold --from a --to b --amount 1 --due 10m".to_owned(), true),
        ("florin hold --from a --to b --amount 1 --due 2026-12-01T00:00:00Z".to_owned(), true),
        ("florin hold --from a --to b --amount 1 --due soon".to_owned(), false),
        ("florin hold --from a --to b --amount 1 --due 1h --at-due capture".to_owned(), true),
        ("florin hold --from a --to b --amount 1 --due 1h --at-due burn".to_owned(), false),
        ("florin hold --from a --to b --amount 1 --at-due capture".to_owned(), false),
        ("florin hold show".to_owned(), false),
        (format!("florin hold show {ID} {ID}"), true),
        (format!("florin hold --from a show {ID}"), false),
        (format!("florin hold change {ID}"), false),
        (format!("florin hold change {ID} --increase 5"), true),
        (format!("florin hold change {ID} --due 3d --increase 5"), true),
        ("florin capture".to_owned(), false),
        ("florin capture 7".to_owned(), false),
        (format!("florin capture {ID}"), true),
        (format!("florin capture {ID} --amount 1 --rest-released --id {ID}"), true),
        (format!("florin release {ID} --amount 1"), true),
        (format!("florin release {ID} --rest-released"), false),
        (format!("florin refund {ID} --amount 1 --metadata why=x"), true),
        ("florin pay --from a --to b --amount 1".to_owned(), false),
        ("florin pay --from a --to b --amount 1 --currency EUR".to_owned(), true),
        ("florin pay --from a --to b --amount 1 --currency EUR --due 1h".to_owned(), false),
        ("florin pay --from a --to b --amount 1 --currency EUR --manual --due 1h".to_owned(), true),
        ("florin payment".to_owned(), false),
        (format!("florin payment show {ID}"), true),
        (format!("florin payment cancel {ID}"), true),
        ("florin payment list --state captured --state refunded --limit 3".to_owned(), true),
        ("florin payment list --state paid".to_owned(), false),
        ("florin statement".to_owned(), false),
        ("florin statement a --limit 3 --from 2h --until 2026-12-01".to_owned(), true),
        ("florin statement a --side left".to_owned(), false),
        ("florin statement a --limit 0".to_owned(), false),
        ("florin statement a --from 2026-11-01 --to 2026-11-30T12:00:00+01:00".to_owned(), true),
        ("florin statement a --from 1796040000000000000 --newest-first".to_owned(), true),
        ("florin statement a --from 20261101".to_owned(), false),
        ("florin statement a --to 2026-12-01 --until 2026-12-01".to_owned(), false),
        ("florin statement a --format parquet --output a.parquet".to_owned(), true),
        ("florin statement a --format xlsx".to_owned(), false),
        ("florin watch".to_owned(), true),
        (
            "florin watch --account a --account b --prefix c --asset EUR --kind hold".to_owned(),
            true,
        ),
        ("florin watch --kind everything".to_owned(), false),
        ("florin watch --cursor c --from-beginning".to_owned(), false),
        ("florin clock".to_owned(), false),
        ("florin clock accept".to_owned(), true),
        ("florin completions".to_owned(), false),
        ("florin completions zsh".to_owned(), true),
        ("florin completions cmd".to_owned(), false),
        ("florin transfer --from a --to b".to_owned(), false),
        ("florin transfer --from a --to b --amount 1".to_owned(), true),
        ("florin transfer --from a --to b --amount -1".to_owned(), true),
        (format!("florin transfer --from a --to b --amount 1 --id {ID}"), true),
        ("florin transfer --from a --to b --amount 1 --id 7".to_owned(), false),
        ("florin transfer --from a --to b --amount 1 --value-date 20261122".to_owned(), false),
        (format!("florin transfer --reverses {ID}"), true),
        (format!("florin transfer --reverses {ID} --code 7 --metadata why=x"), true),
        (format!("florin transfer --reverses {ID} --from a"), false),
        (format!("florin transfer --reverses {ID} --amount 1"), false),
        (format!("florin transfer --reverses {ID} --up-to-available"), false),
    ] {
        let parsed = parse(&line);
        assert_eq!(parsed.is_ok(), fine, "{line:?}: {parsed:?}");
    }
}

#[test]
fn misuse_is_one_line_of_json_too() {
    let misuse = parse("florin transfer --json --from a --to b").expect_err("no amount");
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let exit = Output::new(true, &mut stdout, &mut stderr).finish(Err(Failure::misuse(&misuse)));
    assert_eq!(exit, Exit::Misused);
    let line: serde_json::Value = serde_json::from_slice(&stdout).expect("JSON");
    assert_eq!(line["error"]["reason"], "USAGE");
    let message = line["error"]["message"].as_str().expect("text");
    assert!(message.contains("--amount") && !message.contains('\n'), "{message:?}");
    assert_eq!(stderr, b"");
}

#[test]
fn failures_are_printed_where_they_belong() {
    let failure = || Failure::refused("NAME_INVALID", "bad name").with_hint("choose another");
    for (json, stdout_expected, stderr_expected) in [
        (false, "", "error: bad name (NAME_INVALID)\nhint: choose another\n"),
        (
            true,
            "{\"error\":{\"reason\":\"NAME_INVALID\",\"message\":\"bad name\",\
             \"hint\":\"choose another\"}}\n",
            "",
        ),
    ] {
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let exit = Output::new(json, &mut stdout, &mut stderr).finish(Err(failure()));
        assert_eq!(exit, Exit::Refused);
        assert_eq!(String::from_utf8_lossy(&stdout), stdout_expected);
        assert_eq!(String::from_utf8_lossy(&stderr), stderr_expected);
    }
}

#[test]
fn a_reader_that_has_gone_is_no_failure() {
    struct Gone;
    impl std::io::Write for Gone {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let (mut stdout, mut stderr) = (Gone, Vec::new());
    let mut output = Output::new(false, &mut stdout, &mut stderr);
    let ended = output.text("a line").map(|()| Exit::Done).map_err(Failure::from);
    assert_eq!(output.finish(ended), Exit::Done);
    assert_eq!(stderr, b"");
}
