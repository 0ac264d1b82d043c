//! The terminal's text is compared with golden files in `tests/golden/console/`. Set
//! `SSE_PERF_UPDATE_GOLDEN=1` to write the files anew, and read the difference.

mod data;
mod nodes;
mod summaries;

use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::*;
use crate::load::Leaving;
use crate::output::tests::assert_golden;
use crate::record::{Failure, FailureKind, Outcome, Usage};
use crate::stats::tests::finished;
use crate::values::Dist;
use crate::workload::Order;
use data::*;

const LANGUAGES: [Language; 2] = [Language::English, Language::Chinese];

/// What a console wrote.
#[derive(Clone, Default)]
struct Screen(Arc<Mutex<Vec<u8>>>);

impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The text that `show` writes.
fn shown(settings: Settings, show: impl Fn(&mut Console) -> io::Result<()>) -> String {
    let screen = Screen::default();
    let mut console = Console::new(Box::new(screen.clone()), settings);
    show(&mut console).unwrap();
    let bytes = screen.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

/// Compares the text in both languages with the golden files of this name.
fn golden(name: &str, settings: Settings, show: impl Fn(&mut Console) -> io::Result<()>) {
    for language in LANGUAGES {
        let settings = Settings {
            language,
            ..settings
        };
        let text = shown(settings, &show);
        let file = format!("{name}.{}.txt", language.code());
        assert_golden(&format!("console/{file}"), &text);
        assert!(!text.contains("console."), "{file} lacks a text");
        let columns = settings.width.unwrap_or(80);
        for line in text.lines() {
            assert_eq!(line, line.trim_end(), "{file}: trailing spaces");
            let fits = line.contains('/') || text::width(line) <= columns;
            assert!(fits, "{file}: {line}");
        }
    }
}

fn watching() -> Settings {
    Settings {
        watched: true,
        ..Settings::default()
    }
}

fn quiet(width: Option<usize>) -> Settings {
    Settings {
        quiet: true,
        ..of_width(width)
    }
}

fn of_width(width: impl Into<Option<usize>>) -> Settings {
    Settings {
        width: width.into(),
        ..Settings::default()
    }
}

fn file(path: &str, count: usize) -> Origin<'_> {
    let path = Path::new(path);
    Origin::File { path, count }
}

#[test]
fn banners() {
    golden("banner", Settings::default(), |console| {
        console.banner(&Banner {
            run: &labelled(),
            queries: file("data/queries.txt", 120),
            keys: file("data/keys.txt", 3),
            files: &files(),
            warnings: &warnings(),
            ..banner(plan(1_000, 30.0, TIMED))
        })?;
        let both = (Some(90.0), Some(5_000));
        for (users, limit) in [(10, ONCE), (1, (None, Some(50))), (2, both)] {
            console.banner(&Banner {
                keys: Origin::Single(""),
                ..banner(plan(users, 0.0, limit))
            })?;
        }
        Ok(())
    });
}

#[test]
fn banners_of_users_who_think_leave_and_ask_in_any_order() {
    let seconds = Duration::from_secs;
    let leaving = |rate| Leaving {
        rate,
        after: Duration::from_millis(500),
    };
    let queries = file("data/queries.csv", 120);
    golden("banner_users", Settings::default(), |console| {
        console.banner(&Banner {
            turns: 4,
            think_time: Some(Dist::Exponential(seconds(2))),
            leaving: Some(leaving(0.125)),
            queries,
            order: &Order::shuffled(7, 120),
            unique: true,
            ..banner(plan(5, 0.0, (None, Some(40))))
        })?;
        console.banner(&Banner {
            think_time: Some(Dist::Uniform(seconds(1), seconds(3))),
            queries,
            order: &Order::Random(7),
            ..banner(plan(5, 0.0, TIMED))
        })?;
        // No random numbers are needed: the seed does not matter, nor does an order without rows.
        console.banner(&Banner {
            think_time: Some(Dist::Fixed(seconds(2))),
            leaving: Some(leaving(1.0)),
            order: &Order::Random(7),
            ..banner(plan(5, 0.0, TIMED))
        })
    });
    golden("banner_leaving", watching(), |console| {
        console.banner(&Banner {
            think_time: Some(Dist::Exponential(seconds(2))),
            leaving: Some(leaving(0.3)),
            ..banner(plan(1, 0.0, ONCE))
        })
    });
}

#[test]
fn live_table() {
    golden("live", Settings::default(), |console| {
        let lines = live_lines();
        lines.iter().try_for_each(|line| console.live(line))?;
        for second in 2..20 {
            console.live(&LiveLine { second, ..lines[1] })?;
        }
        Ok(())
    });
}

#[test]
fn live_columns_are_aligned_in_every_language_and_width() {
    for language in LANGUAGES {
        for (width, expected) in [(40, 37), (60, 58), (79, 79), (87, 79), (88, 87), (120, 87)] {
            let settings = Settings {
                language,
                ..of_width(width)
            };
            let text = shown(settings, |console| {
                live_lines().iter().try_for_each(|line| console.live(line))
            });
            let table = text.split_once("\n\n").unwrap().1;
            let widths: Vec<_> = table.lines().map(text::width).collect();
            assert_eq!(widths, [expected; 5], "{language:?}\n{table}");
        }
    }
}

#[test]
fn a_live_table_follows_the_terminal_s_width() {
    static COLUMNS: AtomicUsize = AtomicUsize::new(80);
    let text = shown(of_width(80), |console| {
        *console = std::mem::replace(console, Console::new(Box::new(io::sink()), of_width(80)))
            .following(|| Some(COLUMNS.load(Ordering::Relaxed)));
        let mut late = live_lines();
        late[1].lag_p99_ms = Some(12.0);
        for (line, columns) in late.iter().zip([80, 60, 60]) {
            COLUMNS.store(columns, Ordering::Relaxed);
            console.live(line)?;
        }
        Ok(())
    });
    let widths: Vec<_> = text.lines().skip(3).map(text::width).collect();
    assert_eq!(widths, [79, 79, 79, 0, 58, 58, 58, 18, 58], "{text}");
}

#[test]
fn watched_request() {
    golden("watched", watching(), |console| {
        console.banner(&banner(plan(1, 0.0, ONCE)))?;
        console.sample(&head())?;
        console.sample(&so_far(210, 1, ""))?;
        for chunk in 2..=60 {
            // Too many chunks for a row each: the table shows at most ten a second, and the last.
            console.sample(&so_far(200 + 16 * chunk, chunk, ""))?;
        }
        let mut request = answered();
        request.usage = Usage {
            prompt: Some(20),
            completion: Some(101),
            cached: Some(16),
            reasoning: None,
            ..Usage::default()
        };
        request.finish_reason = Some("stop".to_owned());
        console.sample(&finished(request))?;
        let closing = Closing {
            files: &files(),
            ..Closing::default()
        };
        console.summary(&summary(plan(1, 0.0, ONCE)), &closing)
    });
}

#[test]
fn watched_request_that_reasons_and_is_retried() {
    golden("watched_reasoning", watching(), |console| {
        console.sample(&head())?;
        let mut request = answered();
        request.instants.first_answer = Some(ms(610));
        request.connection.reused = Some(true);
        request.usage.reasoning = Some(44);
        request.attempts = 3;
        request.retry_wait = Duration::from_micros(1_234_567);
        console.sample(&finished(request))?;
        let closing = Closing {
            interrupted: true,
            ..Closing::default()
        };
        console.summary(&summary(plan(1, 0.0, ONCE)), &closing)
    });
}

#[test]
fn watched_request_that_fails() {
    golden("watched_failed", watching(), |console| {
        console.banner(&banner(plan(1, 0.0, ONCE)))?;
        console.sample(&Sample::Head {
            status: 401,
            ttfb: Some(Duration::from_millis(2)),
        })?;
        let mut request = request();
        request.http_status = Some(401);
        request.instants.first_byte = Some(ms(12));
        let detail = "HTTP 401 Unauthorized: Access token\r\n is\x1b[5m invalid";
        request.outcome = Outcome::Failed(Failure::new(FailureKind::HttpStatus, detail));
        console.sample(&finished(request.clone()))?;
        request.outcome = Outcome::Failed(Failure::new(FailureKind::Empty, ""));
        console.sample(&finished(request))
    });
}

#[test]
fn streamed_text() {
    let settings = Settings {
        show_text: true,
        ..watching()
    };
    golden("show_text", settings, |console| {
        console.sample(&head())?;
        console.sample(&so_far(210, 1, "I am\n\ta model"))?;
        console.sample(&so_far(220, 2, ", 你好\x1b[31m\x1b]0;title\x07"))?;
        console.sample(&Sample::Notice(Message::new("stopping")))?;
        console.sample(&so_far(230, 3, "Bye"))?;
        console.sample(&finished(answered()))
    });
}

#[test]
fn quiet_leaves_notices_and_the_final_statistics() {
    for watched in [false, true] {
        let quiet = Settings {
            watched,
            show_text: watched,
            ..quiet(None)
        };
        let text = shown(quiet, |console| {
            console.banner(&banner(plan(1, 0.0, ONCE)))?;
            console.live(&live_lines()[1])?;
            console.sample(&head())?;
            console.sample(&so_far(210, 1, "text"))?;
            console.sample(&finished(answered()))?;
            console.sample(&Sample::Notice(Message::new("stopping")))?;
            console.summary(&usual(), &Closing::default())
        });
        assert!(text.starts_with("! stopping\nSummary\n"), "{text}");
    }
}

#[test]
fn what_is_said_at_the_end_keeps_its_commands() {
    let say = |console: &mut Console| console.say(&Message::new("demo.next"));
    golden("next", Settings::default(), say);
    let text = shown(of_width(40), say);
    for command in Language::English.texts().get("demo.next").lines() {
        let kept = text.lines().any(|line| line == command);
        assert_eq!(kept, command.starts_with("  ") || command.len() <= 40);
    }
}

#[test]
fn colours_change_nothing_but_the_look() {
    let show = |console: &mut Console| {
        console.banner(&Banner {
            warnings: &warnings(),
            ..banner(plan(3, 2.0, TIMED))
        })?;
        live_lines()
            .iter()
            .try_for_each(|line| console.live(line))?;
        console.summary(&failing(), &closing(&files(), &warnings()))
    };
    let plain = shown(Settings::default(), show);
    let colour = Settings {
        colour: true,
        ..Settings::default()
    };
    let coloured = shown(colour, show);
    let mut parts = coloured.split("\x1b[");
    let first = parts.next().unwrap().to_owned();
    let stripped = parts.fold(first, |text, part| text + part.split_once('m').unwrap().1);
    assert!(coloured.len() > plain.len());
    assert_eq!(stripped, plain);
}

#[test]
fn colours_are_for_terminals_that_want_them() {
    let some = |text: &'static str| Some(OsStr::new(text));
    for (terminal, no_color, term, expected) in [
        (true, None, some("xterm-256color"), true),
        (true, None, None, true),
        (true, some(""), None, true),
        (true, some("1"), some("xterm"), false),
        (true, None, some("dumb"), false),
        (false, None, some("xterm"), false),
    ] {
        assert_eq!(wants_colour(terminal, no_color, term), expected);
    }
}

#[test]
fn a_closed_pipe_is_an_error_for_the_caller() {
    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut console = Console::new(Box::new(Closed), Settings::default());
    let error = console.live(&live_lines()[0]).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
}

#[test]
fn on_a_terminal_the_reaction_to_ctrl_c_overwrites_its_echo() {
    let stopping = Sample::Stopping(Message::new("stopping"));
    let on = |width| shown(quiet(width), |console| console.sample(&stopping));
    assert_eq!(on(Some(80)), "\r! stopping\n");
    assert_eq!(on(None), "! stopping\n");
}
