//! The pointers of a document, compiled into one trie: one pass over an event's JSON finds all
//! places.

/// The most array levels of a pointer: their indices are packed into one `u64`.
pub(super) const MAX_LEVELS: u32 = 4;

/// The largest array index that is read.
pub(super) const MAX_INDEX: u64 = 0xFFFF;

const LEVEL_BITS: u32 = 16;

/// A JSON pointer in which `*` stands for each element of an array, and a number for one element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pointer(Vec<Segment>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Member(String),
    Element(u64),
    Each,
}

impl Pointer {
    /// Reads `/a/*/b`; `None` if the text is no pointer or has too many array levels.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let segments: Vec<Segment> = text
            .strip_prefix('/')?
            .split('/')
            .map(|segment| match segment {
                "*" => Some(Segment::Each),
                number if !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) => {
                    let number = number.parse().ok().filter(|n| *n <= MAX_INDEX)?;
                    Some(Segment::Element(number))
                }
                member => Some(Segment::Member(unescape(member)?)),
            })
            .collect::<Option<_>>()?;
        (levels(&segments) <= MAX_LEVELS).then_some(Self(segments))
    }

    /// Mask of the leading array levels in which both pointers stand for the same element.
    pub(super) fn shared_levels(&self, other: &Pointer) -> u64 {
        let common = self.0.iter().zip(&other.0).take_while(|(a, b)| a == b);
        mask(levels(&self.0[..common.count()]))
    }
}

fn levels(segments: &[Segment]) -> u32 {
    let is_level = |segment: &&Segment| !matches!(segment, Segment::Member(_));
    u32::try_from(segments.iter().filter(is_level).count()).unwrap_or(u32::MAX)
}

/// `~1` is a slash, `~0` a tilde (RFC 6901); `None` for any other `~`.
fn unescape(segment: &str) -> Option<String> {
    let mut escapes = segment.split('~').skip(1);
    let is_valid = escapes.all(|escape| escape.starts_with(['0', '1']));
    is_valid.then(|| segment.replace("~1", "/").replace("~0", "~"))
}

/// Mask of the first array levels. The outermost level has the highest bits, so packed indices ascend
/// in the order of the event.
fn mask(levels: u32) -> u64 {
    let others = u64::BITS - levels * LEVEL_BITS;
    u64::MAX.checked_shl(others).unwrap_or(0)
}

/// The index of an array level (from 0) in packed form.
pub(super) fn packed(level: u32, index: u64) -> u64 {
    index << (u64::BITS - (level + 1) * LEVEL_BITS)
}

/// A compiled pointer. Pointers that differ only in array indices share a slot.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) slot: usize,
    /// Mask of the levels that are numbers in the pointer, and their packed indices.
    mask: u64,
    index: u64,
}

impl Place {
    /// Whether the pointer stands for the element of these packed indices.
    pub(super) fn includes(&self, index: u64) -> bool {
        index & self.mask == self.index
    }
}

/// All places of a document's pointers.
#[derive(Debug)]
pub(super) struct Trie {
    nodes: Vec<Node>,
    /// Number of slots.
    pub(super) slots: usize,
}

#[derive(Debug, Default)]
pub(super) struct Node {
    members: Vec<(String, usize)>,
    /// The node of all array elements.
    pub(super) element: Option<usize>,
    /// The slot for a value found here.
    pub(super) slot: Option<usize>,
}

impl Node {
    /// Whether no pointer leads below this node.
    pub(super) fn is_leaf(&self) -> bool {
        self.members.is_empty() && self.element.is_none()
    }
}

impl Trie {
    pub(super) fn new() -> Self {
        Self {
            nodes: vec![Node::default()],
            slots: 0,
        }
    }

    /// The node with this number; node 0 is the whole event.
    pub(super) fn node(&self, node: usize) -> &Node {
        &self.nodes[node]
    }

    /// The node of a member.
    pub(super) fn member(&self, node: usize, name: &str) -> Option<usize> {
        let members = &self.nodes[node].members;
        members.iter().find(|(n, _)| n == name).map(|(_, to)| *to)
    }

    /// The place of a pointer; nodes that are missing are added.
    pub(super) fn insert(&mut self, pointer: &Pointer) -> Place {
        let (mut node, mut level, mut fixed, mut index) = (0, 0, 0, 0);
        for segment in &pointer.0 {
            node = match segment {
                Segment::Member(name) => self.member(node, name).unwrap_or_else(|| {
                    let new = self.add_node();
                    self.nodes[node].members.push((name.clone(), new));
                    new
                }),
                Segment::Element(_) | Segment::Each => {
                    if let Segment::Element(number) = segment {
                        fixed |= packed(level, MAX_INDEX);
                        index |= packed(level, *number);
                    }
                    level += 1;
                    self.nodes[node].element.unwrap_or_else(|| {
                        let new = self.add_node();
                        self.nodes[node].element = Some(new);
                        new
                    })
                }
            };
        }
        let slot = self.nodes[node].slot.unwrap_or_else(|| {
            self.slots += 1;
            self.nodes[node].slot = Some(self.slots - 1);
            self.slots - 1
        });
        Place {
            slot,
            mask: fixed,
            index,
        }
    }

    fn add_node(&mut self) -> usize {
        self.nodes.push(Node::default());
        self.nodes.len() - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_are_read_by_rfc_6901_with_elements() {
        for wrong in ["", "a", "/a~2", "/a~", "/*/*/*/*/*", "/65536"] {
            assert_eq!(Pointer::parse(wrong), None, "{wrong:?}");
        }
        let pointer = Pointer::parse("/a~1b/*/~01/7/").unwrap();
        let expected = [
            Segment::Member("a/b".to_owned()),
            Segment::Each,
            Segment::Member("~1".to_owned()),
            Segment::Element(7),
            Segment::Member(String::new()),
        ];
        assert_eq!(pointer.0, expected);
    }

    #[test]
    fn pointers_share_the_elements_of_their_common_beginning() {
        for (a, b, levels) in [
            ("/a/*/x", "/a/*/y", 1),
            ("/a/*/p/*/x", "/a/*/p/*/y", 2),
            ("/a/*/p/*/x", "/a/*/q/*/y", 1),
            ("/a/*/x", "/b/*/y", 0),
            ("/a/*/x", "/a/0/y", 0),
            ("/*/*/*/*", "/*/*/*/*", 4),
        ] {
            let (a, b) = (Pointer::parse(a).unwrap(), Pointer::parse(b).unwrap());
            assert_eq!(a.shared_levels(&b), mask(levels), "{a:?} {b:?}");
        }
    }

    #[test]
    fn the_same_place_has_one_slot_whatever_the_element() {
        let mut trie = Trie::new();
        let mut insert = |text| trie.insert(&Pointer::parse(text).unwrap());
        let (each, first, other) = (insert("/a/*/x"), insert("/a/0/x"), insert("/a/*"));
        assert_eq!(each.slot, first.slot);
        assert_ne!(each.slot, other.slot);
        assert!(each.includes(packed(0, 1)) && !first.includes(packed(0, 1)));
        assert_eq!(trie.slots, 2);
    }
}
