//! The buffers of one connection, as small as what it carries allows: ten thousand of them are
//! waiting at once, nearly all of them empty.

use ureq::unversioned::transport::Buffers;

/// Bytes of input at first: most reads of an event stream bring less.
const FIRST_INPUT: usize = 2 * 1024;
/// Bytes of input for reads that wait.
const WAITING_INPUT: usize = 4 * 1024;
/// Room for a response's head; a larger one is a failure.
pub(super) const MOST_INPUT: usize = 16 * 1024;
/// Room for what is written at once, beside what is held back.
pub(super) const OUTPUT: usize = 8 * 1024;

/// Input that grows when a read fills it, and output that is there only while something is sent.
#[derive(Debug, Default)]
pub(super) struct ConnectionBuffers {
    input: Vec<u8>,
    /// The layers above see `consumed..told`. The bytes of waiting reads are `told..filled`.
    consumed: usize,
    pub(super) told: usize,
    filled: usize,
    /// Whether the last consumer took anything: otherwise it waits for more.
    progress: bool,
    /// Whether a read has filled the input to its end.
    was_full: bool,
    output: Vec<u8>,
    /// How much of the output, from its beginning, is held back.
    pub(super) held: usize,
}

impl ConnectionBuffers {
    /// The output that is held back.
    pub(super) fn held(&self) -> &[u8] {
        &self.output[..self.held]
    }

    /// Gives the output's memory back until something is sent again.
    pub(super) fn release_output(&mut self) {
        if self.held == 0 {
            self.output = Vec::new();
        }
    }

    /// Takes so many bytes that were read into the free part of the input. They wait.
    pub(super) fn fill(&mut self, amount: usize) {
        self.filled += amount;
        self.was_full |= self.filled == self.input.len();
    }

    /// Whether two more reads of this size have room. If not, the input may grow when all waiting
    /// reads have been told.
    pub(super) fn has_room_beside(&mut self, amount: usize) -> bool {
        let has_room = self.input.len() - self.filled >= 2 * amount;
        self.was_full |= !has_room && self.input.len() < WAITING_INPUT;
        has_room
    }

    fn room_for_output(&mut self) {
        let wanted = self.held + OUTPUT;
        if self.output.len() < wanted {
            self.output.resize(wanted, 0);
        }
    }

    /// Moves the bytes not consumed to the front, and grows the input where reads need more room.
    fn room_for_input(&mut self) {
        if self.consumed > 0 {
            self.input.copy_within(self.consumed..self.filled, 0);
            self.filled -= self.consumed;
            self.told -= self.consumed;
            self.consumed = 0;
        }
        let size = self.input.len();
        if size == 0 {
            self.input.resize(FIRST_INPUT, 0);
        } else if size < MOST_INPUT && (self.was_full || self.filled == size) {
            self.input.resize(size * 2, 0);
        }
        self.was_full = false;
    }
}

impl Buffers for ConnectionBuffers {
    fn output(&mut self) -> &mut [u8] {
        self.room_for_output();
        &mut self.output[self.held..]
    }

    fn input(&self) -> &[u8] {
        &self.input[self.consumed..self.told]
    }

    fn input_append_buf(&mut self) -> &mut [u8] {
        self.room_for_input();
        &mut self.input[self.filled..]
    }

    fn input_appended(&mut self, amount: usize) {
        self.fill(amount);
        self.told += amount;
    }

    fn input_consume(&mut self, amount: usize) {
        self.progress = amount > 0;
        self.consumed += amount;
    }

    fn tmp_and_output(&mut self) -> (&mut [u8], &mut [u8]) {
        self.room_for_output();
        self.room_for_input();
        let output = &mut self.output[self.held..];
        (&mut self.input[self.filled..], output)
    }

    fn can_use_input(&self) -> bool {
        self.told > self.consumed && self.progress
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Puts that many bytes in, as a read of a socket that has as many would.
    fn read(buffers: &mut ConnectionBuffers, bytes: usize) -> usize {
        let room = buffers.input_append_buf();
        let bytes = bytes.min(room.len());
        room[..bytes].fill(b'x');
        buffers.input_appended(bytes);
        bytes
    }

    #[test]
    fn input_grows_when_reads_fill_it_and_no_further_than_a_head_may_be() {
        let mut buffers = ConnectionBuffers::default();
        let mut room = Vec::new();
        for _ in 0..6 {
            let bytes = read(&mut buffers, usize::MAX);
            buffers.input_consume(bytes);
            room.push(bytes / 1024);
        }
        assert_eq!(room, [2, 4, 8, 16, 16, 16]);
        let mut quiet = ConnectionBuffers::default();
        for _ in 0..6 {
            let bytes = read(&mut quiet, 500);
            quiet.input_consume(bytes);
        }
        assert_eq!(quiet.input.len(), FIRST_INPUT);
    }

    #[test]
    fn input_grows_once_for_reads_that_wait() {
        let mut buffers = ConnectionBuffers::default();
        for _ in 0..3 {
            read(&mut buffers, 1_000);
            let has_room = buffers.has_room_beside(1_000);
            assert_eq!(has_room, buffers.input.len() == WAITING_INPUT);
            buffers.input_consume(1_000);
        }
        assert_eq!(buffers.input.len(), WAITING_INPUT);
        read(&mut buffers, 3_000);
        assert!(!buffers.has_room_beside(1_000));
        buffers.input_consume(3_000);
        buffers.room_for_input();
        assert_eq!(buffers.input.len(), WAITING_INPUT);
    }

    #[test]
    fn input_that_is_not_consumed_stays_and_has_an_end() {
        let mut buffers = ConnectionBuffers::default();
        read(&mut buffers, 300);
        buffers.input_consume(100);
        assert!(buffers.can_use_input());
        while read(&mut buffers, 1_000) > 0 {}
        assert_eq!(buffers.input().len(), MOST_INPUT);
        buffers.input_consume(0);
        assert!(!buffers.can_use_input(), "the consumer waits for more");
    }

    #[test]
    fn waiting_bytes_are_shown_when_they_are_told() {
        let mut buffers = ConnectionBuffers::default();
        for piece in [&b"one"[..], b"three"] {
            buffers.input_append_buf()[..piece.len()].copy_from_slice(piece);
            buffers.fill(piece.len());
        }
        assert_eq!(buffers.input(), b"");
        buffers.told += 3;
        assert_eq!(buffers.input(), b"one");
        buffers.input_consume(2);
        assert!(!buffers.input_append_buf().is_empty());
        assert_eq!(buffers.input(), b"e");
        buffers.told += 5;
        assert_eq!(buffers.input(), b"ethree");
    }

    #[test]
    fn held_output_grows_and_its_memory_is_given_back() {
        let mut buffers = ConnectionBuffers::default();
        for piece in [&b"head"[..], b"body"] {
            buffers.output()[..piece.len()].copy_from_slice(piece);
            buffers.held += piece.len();
        }
        buffers.release_output();
        assert_eq!(buffers.held(), b"headbody");
        buffers.held = 0;
        buffers.release_output();
        assert_eq!(buffers.output.capacity(), 0);
        assert_eq!(buffers.output().len(), OUTPUT);
    }
}
