//! The Markdown of the manual on a terminal: headings, paragraphs, lists, tables, code, bold and links.

use std::fmt::Write as _;

use crate::text::columns::{left, width, wrap};

/// Mark the beginning and the end of bold text and of code while text is wrapped: characters without
/// a width, which no text has.
const BOLD: char = '\u{2061}';
const CODE: char = '\u{2062}';

/// Columns by which text below a heading is indented, and code further.
const INDENT: usize = 2;

/// Columns between the cells of a table.
const GAP: usize = 2;

/// The text in lines of at most `columns` columns; blocks of code keep their width.
#[must_use]
pub fn render(markdown: &str, columns: usize, colour: bool) -> String {
    let mut page = Page {
        columns,
        colour,
        out: String::new(),
        after_item: false,
    };
    let mut lines = markdown.lines().peekable();
    while let Some(line) = lines.next() {
        if line.starts_with("```") {
            page.code(lines.by_ref().take_while(|line| !line.starts_with("```")));
        } else if let Some(heading) = line.strip_prefix('#') {
            page.heading(heading.trim_start_matches('#').trim());
        } else if line.starts_with('|') {
            let mut rows = vec![cells(line)];
            while let Some(row) = lines.next_if(|line| line.starts_with('|')) {
                rows.push(cells(row));
            }
            page.table(rows);
        } else if !line.is_empty() {
            let mut text = line.to_owned();
            while let Some(more) = lines.next_if(|line| continues(line)) {
                text.push(' ');
                text.push_str(more.trim_start());
            }
            page.paragraph(&text);
        }
    }
    page.out
}

/// Whether a line goes on with the paragraph or list item before it.
fn continues(line: &str) -> bool {
    let begins = ["- ", "#", "|", "```"];
    !line.is_empty() && !begins.iter().any(|mark| line.starts_with(mark))
}

/// The cells of a table's row.
fn cells(line: &str) -> Vec<String> {
    let line = line.replace("\\|", "\u{0}");
    let cells = line.trim_matches('|').split('|');
    cells
        .map(|cell| marked(&cell.trim().replace('\u{0}', "|")))
        .collect()
}

/// The text with [`BOLD`] and [`CODE`] in place of its markup, links without their targets.
fn marked(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let tail = &rest[c.len_utf8()..];
        if let Some((code, after)) = tail.split_once('`').filter(|_| c == '`') {
            let _ = write!(out, "{CODE}{code}{CODE}");
            rest = after;
        } else if let Some(after) = rest.strip_prefix("**") {
            out.push(BOLD);
            rest = after;
        } else if let Some((text, after)) = link(rest) {
            out.push_str(&marked(text));
            rest = after;
        } else {
            out.push(c);
            rest = tail;
        }
    }
    out
}

/// The text of the link that `text` begins with, and the text after the link.
fn link(text: &str) -> Option<(&str, &str)> {
    let (name, rest) = text.strip_prefix('[')?.split_once("](")?;
    let (_, after) = rest.split_once(')')?;
    (!name.contains(']')).then_some((name, after))
}

/// The lines of a marked text. A style ends with its line and begins anew on the next one: it must
/// not reach into the next cell, and a pager may show any line first.
fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut open = String::new();
    let mut lines = wrap(text, columns);
    for line in &mut lines {
        line.insert_str(0, &open);
        open.clear();
        for mark in [BOLD, CODE] {
            if line.matches(mark).count() % 2 == 1 {
                open.push(mark);
            }
        }
        line.push_str(&open);
    }
    lines
}

/// The page drawn so far.
struct Page {
    columns: usize,
    colour: bool,
    out: String,
    /// Whether the last block is an item of a list: the next item stands right below it.
    after_item: bool,
}

impl Page {
    /// Puts an empty line before a block that is not the first one.
    fn part(&mut self) {
        self.after_item = false;
        if !self.out.is_empty() {
            self.out.push('\n');
        }
    }

    fn heading(&mut self, text: &str) {
        self.part();
        self.line(0, &format!("{BOLD}{}{BOLD}", marked(text)));
    }

    fn code<'a>(&mut self, lines: impl Iterator<Item = &'a str>) {
        self.part();
        for line in lines {
            let line = format!("{}{line}", " ".repeat(2 * INDENT));
            let _ = writeln!(self.out, "{}", line.trim_end());
        }
    }

    fn paragraph(&mut self, text: &str) {
        let item = text.strip_prefix("- ");
        if item.is_none() || !self.after_item {
            self.part();
        }
        self.after_item = item.is_some();
        let (mark, text) = item.map_or(("", text), |item| ("- ", item));
        let room = self.columns.saturating_sub(INDENT + mark.len());
        let text = wrapped(&marked(text), room).join(&format!("\n{:1$}", "", mark.len()));
        for line in format!("{mark}{text}").lines() {
            self.line(INDENT, line);
        }
    }

    /// A table whose first row has the headings. Cells are padded to the width of their column.
    fn table(&mut self, mut rows: Vec<Vec<String>>) {
        rows.retain(|row| !row.iter().all(|cell| cell.starts_with("--")));
        self.part();
        let widths = self.widths(&rows);
        for (number, row) in rows.iter().enumerate() {
            if row.iter().all(String::is_empty) {
                continue;
            }
            let cells: Vec<Vec<String>> = row
                .iter()
                .zip(&widths)
                .map(|(cell, columns)| wrapped(cell, *columns))
                .collect();
            let height = cells.iter().map(Vec::len).max().unwrap_or(0);
            for place in 0..height {
                let part = |(lines, columns): (&Vec<String>, &usize)| {
                    let part = left(lines.get(place).map_or("", String::as_str), *columns);
                    match number {
                        0 => format!("{BOLD}{part}{BOLD}"),
                        _ => part,
                    }
                };
                let parts: Vec<String> = cells.iter().zip(&widths).map(part).collect();
                self.line(INDENT, &parts.join(&" ".repeat(GAP)));
            }
        }
    }

    /// The widths of a table's columns: those of their texts, the widest columns narrowed until all
    /// columns fit.
    fn widths(&self, rows: &[Vec<String>]) -> Vec<usize> {
        let count = rows.iter().map(Vec::len).max().unwrap_or(0);
        let widest = |column: usize| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| width(cell)).max().unwrap_or(0).max(1)
        };
        let mut widths: Vec<usize> = (0..count).map(widest).collect();
        let room = self
            .columns
            .saturating_sub(INDENT + GAP * (count.max(1) - 1));
        while widths.iter().sum::<usize>() > room.max(8 * count) {
            if let Some(widest) = widths.iter_mut().max() {
                *widest -= 1;
            }
        }
        widths
    }

    /// A line with colours in place of its marks.
    fn line(&mut self, indent: usize, text: &str) {
        let mut styles = [
            (BOLD, false, "\u{1b}[1m", "\u{1b}[22m"),
            (CODE, false, "\u{1b}[36m", "\u{1b}[39m"),
        ];
        let mut line = " ".repeat(indent);
        for c in text.trim_end().chars() {
            match styles.iter_mut().find(|(mark, ..)| *mark == c) {
                None => line.push(c),
                Some((_, on, begin, end)) => {
                    *on = !*on;
                    if self.colour {
                        line.push_str(if *on { begin } else { end });
                    }
                }
            }
        }
        let _ = writeln!(self.out, "{}", line.trim_end());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_set_apart_and_wrapped() {
        let markdown = "# Title\n\nSome **bold** text with `code in it`\nand a [link](x.md).\n\n- one\n\
                        - two\n  more\n\n```sh\na  very long line that stays as long as it is\n```\n";
        let plain = "Title\n\n  Some bold text with\n  code in it and a\n  link.\n\n  - one\n  \
                     - two more\n\n    a  very long line that stays as long as it is\n";
        assert_eq!(render(markdown, 22, false), plain);
    }

    #[test]
    fn styles_end_with_their_line() {
        assert_eq!(
            render("text `code that goes on` here", 15, true),
            "  text \u{1b}[36mcode\u{1b}[39m\n  \u{1b}[36mthat goes on\u{1b}[39m\n  here\n"
        );
    }

    #[test]
    fn tables_fit_their_cells_wrapped() {
        let markdown = "| a | b |\n|---|---|\n| `x\\|y` | some words of text |\n| 中文 | 一二三四五六七八，九 |";
        let table = "  a     b\n  x|y   some words\n        of text\n  中文  一二三四五六\n        七八，九\n";
        assert_eq!(render(markdown, 18, false), table);
        let headless = "| | |\n|---|---|\n| a | b |";
        assert_eq!(render(headless, 18, false), "  a  b\n");
    }
}
