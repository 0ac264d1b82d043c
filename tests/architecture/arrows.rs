//! Finds which file uses which. Every path in the source, from `crate`, `super`, `self` or a
//! child's name, leads to the file that defines the path's item, also through re-exports.

use std::collections::{BTreeMap, BTreeSet};
use std::iter::Peekable;

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

/// A module's path within the crate; the crate's root is empty.
type Module = Vec<String>;

/// A path as it stands in the source.
type Names = Vec<String>;

/// A name that a file imports.
struct Import {
    path: Names,
    /// Others may use the name.
    is_public: bool,
}

/// The imports and paths of one file.
#[derive(Default)]
struct Source {
    imports: BTreeMap<String, Import>,
    globs: Vec<Names>,
    /// Paths outside of `use`, single names among them.
    paths: BTreeSet<Names>,
}

/// All files of the crate, by module.
pub(super) struct Sources(BTreeMap<Module, Source>);

impl Sources {
    /// Reads the code of each module's file.
    pub(super) fn new(files: impl IntoIterator<Item = (Module, String)>) -> Self {
        let files = files.into_iter();
        Self(files.map(|(module, code)| (module, read(&code))).collect())
    }

    /// For each module the modules that its file uses.
    pub(super) fn arrows(&self) -> BTreeMap<&Module, BTreeSet<Module>> {
        let arrows_of = |(module, source): (_, &Source)| {
            let is_used = |name: &String| source.paths.iter().any(|path| path[0] == *name);
            let imports = source.imports.iter();
            // A re-export is no use of its item, unless this file names the item again.
            let imports = imports.filter(|(name, import)| !import.is_public || is_used(name));
            let imports = imports.map(|(_, import)| &import.path);
            // One name is no path, and `super::super` alone stands in `pub(in super::super)`.
            let is_path = |path: &&Names| path.len() > 1 && path.iter().any(|name| name != "super");
            let whole = source.paths.iter().filter(is_path);
            let paths = imports.chain(&source.globs).chain(whole);
            let mut used: BTreeSet<Module> = paths
                .filter_map(|path| self.definer(module, path))
                .collect();
            used.remove(module);
            (module, used)
        };
        self.0.iter().map(arrows_of).collect()
    }

    /// The module whose file defines the item of a path in `from`'s file.
    fn definer(&self, from: &Module, path: &[String]) -> Option<Module> {
        let (first, rest) = path.split_first()?;
        let mut at = from.clone();
        match first.as_str() {
            "crate" => at.clear(),
            "self" => {}
            "super" => drop(at.pop()),
            _ => return self.walk(at, path).filter(|found| found != from),
        }
        match rest.first().map(String::as_str) {
            Some("super") => self.definer(&at, rest),
            _ => self.walk(at, rest),
        }
    }

    /// Follows the names of a path down from a module.
    fn walk(&self, mut at: Module, path: &[String]) -> Option<Module> {
        for (place, name) in path.iter().enumerate() {
            at.push(name.clone());
            if self.0.contains_key(&at) {
                continue;
            }
            at.pop();
            let import = self.0.get(&at)?.imports.get(name);
            let Some(import) = import.filter(|import| import.path != [name.clone()]) else {
                break;
            };
            let whole = [&import.path, &path[place + 1..]].concat();
            // A path that leads out of the crate has no definer here.
            return self.definer(&at, &whole);
        }
        Some(at)
    }
}

/// Modules that use each other, directly or around a circle: each group once, in order.
pub(super) fn circles(arrows: &BTreeMap<&Module, BTreeSet<Module>>) -> BTreeSet<Vec<Module>> {
    let reached = |from: &Module| {
        let (mut reached, mut waiting) = (BTreeSet::new(), vec![from]);
        while let Some(used) = waiting.pop().and_then(|at| arrows.get(at)) {
            waiting.extend(used.iter().filter(|to| reached.insert((*to).clone())));
        }
        reached
    };
    let reached: BTreeMap<&Module, _> = arrows.keys().map(|&from| (from, reached(from))).collect();
    let circle = |from: &Module| {
        let back = |to: &&Module| reached.get(*to).is_some_and(|all| all.contains(from));
        reached[from]
            .iter()
            .filter(back)
            .cloned()
            .collect::<Vec<_>>()
    };
    let circles = reached.keys().map(|from| circle(from));
    circles.filter(|circle| !circle.is_empty()).collect()
}

fn read(code: &str) -> Source {
    let mut source = Source::default();
    let mut tokens = tokens(code).into_iter().peekable();
    let mut is_public = false;
    // The braces around each inline module: `super` in it is the file.
    let (mut depth, mut inline) = (0, Vec::new());
    while let Some(token) = tokens.next() {
        match token.as_str() {
            "use" => {
                let mut trees = Vec::new();
                tree(&mut tokens, &[], &mut trees);
                for (path, name) in trees {
                    let Some(path) = of_file(path, !inline.is_empty()) else {
                        continue;
                    };
                    if name == "*" {
                        source.globs.push(path);
                    } else {
                        source.imports.insert(name, Import { path, is_public });
                    }
                }
            }
            "mod" => {
                tokens.next();
                if tokens.peek().is_some_and(|token| token == "{") {
                    inline.push(depth);
                }
            }
            "{" => depth += 1,
            "}" => {
                depth -= 1;
                inline.retain(|opened| *opened < depth);
            }
            name if is_name(name) => {
                let mut path = vec![token];
                while tokens.next_if(|token| token == "::").is_some() {
                    match tokens.next_if(|token| is_name(token)) {
                        Some(name) => path.push(name),
                        None => break,
                    }
                }
                is_public =
                    path == ["pub"] || is_public && ["crate", "super"].contains(&path[0].as_str());
                source.paths.extend(of_file(path, !inline.is_empty()));
                continue;
            }
            "(" | ")" => continue,
            _ => {}
        }
        is_public = false;
    }
    source
}

/// A path as it reads outside of inline modules, in which `super` is the file.
fn of_file(mut path: Names, is_inline: bool) -> Option<Names> {
    if is_inline && path[0] == "super" {
        path.remove(0);
        return Some(path).filter(|path| path.first().is_some_and(|first| first == "super"));
    }
    Some(path)
}

/// Reads the paths of a `use` up to its end, with the name that each path gets.
fn tree(
    tokens: &mut Peekable<impl Iterator<Item = String>>,
    before: &[String],
    found: &mut Vec<(Names, String)>,
) {
    let mut path = before.to_vec();
    let mut name = None;
    while let Some(token) = tokens.next() {
        match token.as_str() {
            "::" => {}
            "{" => {
                while tokens.next_if(|token| token == "}").is_none() {
                    tree(tokens, &path, found);
                    tokens.next_if(|token| token == ",");
                }
                return;
            }
            "*" => name = Some(token),
            "as" => name = tokens.next(),
            "self" if !path.is_empty() => {}
            _ => path.push(token),
        }
        if tokens
            .peek()
            .is_none_or(|token| [",", "}", ";"].contains(&token.as_str()))
        {
            break;
        }
    }
    let last = path.last().cloned().unwrap_or_default();
    found.push((path, name.unwrap_or(last)));
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Names, `::`, delimiters and single other signs; literals are left out.
fn tokens(code: &str) -> Vec<String> {
    let stream: TokenStream = code.parse().expect("Rust");
    let mut tokens = Vec::new();
    flatten(stream, &mut tokens);
    tokens
}

fn flatten(stream: TokenStream, tokens: &mut Vec<String>) {
    let mut is_joint = false;
    for tree in stream {
        let was_joint = std::mem::take(&mut is_joint);
        match tree {
            TokenTree::Literal(_) => {}
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::Parenthesis | Delimiter::None => ("(", ")"),
                };
                tokens.push(open.to_owned());
                flatten(group.stream(), tokens);
                tokens.push(close.to_owned());
            }
            TokenTree::Punct(sign) if sign.as_char() == ':' => {
                is_joint = sign.spacing() == Spacing::Joint;
                match tokens.last_mut().filter(|_| was_joint) {
                    Some(colon) => colon.push(':'),
                    None => tokens.push(":".to_owned()),
                }
            }
            other => tokens.push(other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn module(path: &str) -> Module {
        path.split('/').map(str::to_owned).collect()
    }

    fn sources(files: &[(&str, &str)]) -> Sources {
        let files = files.iter();
        Sources::new(files.map(|(path, code)| (module(path), (*code).to_owned())))
    }

    #[test]
    fn every_way_to_name_another_file_is_seen() {
        for code in [
            "use super::b::B;",
            "use super::{c::C, b::{self, B as D}};",
            "use crate::room::b::B;",
            "fn f() { super::b::f::<u8>() }",
            "fn f(b: super::B) {}",
            "use super::B;",
            "mod inner { fn f() { super::super::b::f() } }",
            "mod child; use self::child::B;",
        ] {
            let sources = sources(&[
                (
                    "room",
                    "mod a; mod b; pub use b::B; pub(crate) use b::Other;",
                ),
                ("room/a", code),
                ("room/a/child", "pub use crate::room::B;"),
                ("room/b", "pub struct B;"),
            ]);
            let arrows = sources.arrows();
            let used = &arrows[&module("room/a")];
            assert!(used.contains(&module("room/b")), "{code}");
            for other in ["room", "room/b"] {
                assert!(arrows[&module(other)].is_empty(), "a re-export is no use");
            }
        }
    }

    #[test]
    fn what_names_no_other_file_is_no_arrow() {
        for code in [
            "use std::b::B;",
            "fn f() { let b = \"super::b::f()\"; } // super::b",
            "const A: &str = r#\"\"super::b::f()\"#; fn f<'b>(c: char) -> bool { c == '\"' }",
            "mod inner { use super::b; }",
            "pub(super) fn b() { b(); B::b(); self::b() } pub(in super::super) struct C;",
        ] {
            let sources = sources(&[("room", "mod a; mod b;"), ("room/a", code), ("room/b", "")]);
            assert!(sources.arrows().values().all(BTreeSet::is_empty), "{code}");
        }
    }

    #[test]
    fn circles_are_found_however_long() {
        let sources = sources(&[
            ("room", "mod a; mod b; mod c; mod d;"),
            ("room/a", "use super::b::B;"),
            ("room/b", "use super::c::C;"),
            ("room/c", "use super::a::A;"),
            ("room/d", "use super::a::A;"),
        ]);
        let circles = circles(&sources.arrows());
        let names: Vec<String> = circles
            .iter()
            .flatten()
            .map(|module| module.join("/"))
            .collect();
        assert_eq!(names, ["room/a", "room/b", "room/c"]);
        assert_eq!(circles.len(), 1);
    }
}
