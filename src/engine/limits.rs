//! Limits of the system that a run of N users needs: checked before the start, raised where the
//! system allows that, and otherwise answered with the command that raises them.

#![cfg_attr(not(target_os = "linux"), allow(dead_code))] // Other systems have fewer limits.

#[cfg(unix)]
use nix::sys::resource::{Resource, getrlimit, setrlimit};

use super::crew::STACK;
use crate::text::Message;

/// Mappings that a thread takes: its stack, its guard page, and what the allocator adds.
const MAPPINGS_PER_THREAD: u64 = 4;
/// Address space of the program without its users, in bytes.
const PROGRAM: u64 = 64 << 20;
/// Address space that a thread takes beside its stack, in bytes.
const PER_THREAD: u64 = 64 << 10;
/// Address space of an arena of the allocator, in bytes.
const ARENA: u64 = 64 << 20;
/// So many users almost always find room in the address space that the arenas leave.
const FEW_USERS: u64 = 10;
/// Threads and files of the program beside those of its users.
const RESERVE: u64 = 64;

/// Makes sure that the system can carry that many users.
///
/// # Errors
///
/// If it cannot: with the limit and the command that raises it.
pub fn check(users: u32) -> Result<(), Message> {
    let shortage = first_shortage(u64::from(users));
    shortage.map_or(Ok(()), |message| Err(message.with("users", users)))
}

#[cfg(unix)]
fn first_shortage(users: u64) -> Option<Message> {
    let needed = users + RESERVE;
    let files = Message::new("engine.limit_files");
    let found = resource(Resource::RLIMIT_NOFILE, needed, files, "nofile", "n");
    #[cfg(target_os = "linux")]
    let found = found
        .or_else(|| threads(needed))
        .or_else(|| address_space(users));
    found
}

#[cfg(not(unix))]
fn first_shortage(_users: u64) -> Option<Message> {
    None
}

/// The first limit that permits fewer threads than needed: beyond it the standard library may abort
/// in place of an error.
#[cfg(target_os = "linux")]
fn threads(needed: u64) -> Option<Message> {
    #[rustfmt::skip]
    let sysctls = [
        ("vm.max_map_count", Message::new("engine.limit_mappings"), needed * MAPPINGS_PER_THREAD),
        ("kernel.threads-max", Message::new("engine.limit_threads"), needed),
        ("kernel.pid_max", Message::new("engine.limit_numbers"), needed),
    ];
    for (key, message, needed) in sysctls {
        let value = read_number(&format!("/proc/sys/{}", key.replace('.', "/")));
        if let Some(value) = value.filter(|value| *value < needed) {
            let remedy = format!("sudo sysctl -w {key}={needed}");
            return Some(shortage(message, value, needed, &remedy));
        }
    }
    processes(needed).or_else(|| cgroup(needed))
}

fn shortage(message: Message, value: u64, needed: u64, remedy: &str) -> Message {
    let message = message.with("value", value).with("needed", needed);
    message.with("remedy", remedy)
}

/// A limit of the process, whose name is `name` for prlimit and `letter` for ulimit. Raises the soft
/// limit to the hard limit where that allows what is needed.
#[cfg(unix)]
fn resource(
    resource: Resource,
    needed: u64,
    message: Message,
    name: &str,
    letter: &str,
) -> Option<Message> {
    let (soft, hard) = getrlimit(resource).ok()?;
    let may_raise = || hard >= needed && setrlimit(resource, hard, hard).is_ok();
    if soft >= needed || may_raise() {
        return None;
    }
    // The command raises the limit of the shell that it is typed in, and so of what that starts.
    let remedy = if cfg!(target_os = "linux") {
        format!("sudo prlimit --pid $$ --{name}={needed}:{needed}")
    } else {
        format!("ulimit -{letter} {needed}")
    };
    Some(shortage(message, hard, needed, &remedy))
}

/// `RLIMIT_NPROC` counts the threads of all processes of the account, but does not hold for root.
#[cfg(target_os = "linux")]
fn processes(needed: u64) -> Option<Message> {
    if nix::unistd::geteuid().is_root() {
        return None;
    }
    let message = Message::new("engine.limit_processes");
    resource(Resource::RLIMIT_NPROC, needed, message, "nproc", "u")
}

/// `RLIMIT_AS`. Without memory the standard library aborts.
#[cfg(target_os = "linux")]
fn address_space(users: u64) -> Option<Message> {
    let processors = std::thread::available_parallelism().map_or(1, |count| count.get() as u64);
    let needed = needed_space(users, processors);
    let message = Message::new("engine.limit_address_space");
    resource(Resource::RLIMIT_AS, needed, message, "as", "v")
}

/// Address space that users need, in bytes. The allocator takes its arenas first, up to 8 a
/// processor, and leaves no room for the stacks of many users. A few users find room.
fn needed_space(users: u64, processors: u64) -> u64 {
    let most = if users > FEW_USERS { 8 * processors } else { 0 };
    PROGRAM + users * (STACK as u64 + PER_THREAD) + users.min(most) * ARENA
}

/// `pids.max` of the control group that the process is in (version 2).
fn cgroup(needed: u64) -> Option<Message> {
    let groups = std::fs::read_to_string("/proc/self/cgroup").ok()?;
    let group = groups.lines().find_map(|line| line.strip_prefix("0::"))?;
    let path = format!("/sys/fs/cgroup{}/pids.max", group.trim_end_matches('/'));
    let value = read_number(&path).filter(|value| *value < needed)?;
    let remedy = format!("docker run --pids-limit {needed} …, or: echo {needed} | sudo tee {path}");
    let message = Message::new("engine.limit_cgroup");
    Some(shortage(message, value, needed, &remedy))
}

fn read_number(path: &str) -> Option<u64> {
    std::fs::read_to_string(path).ok()?.trim().parse().ok()
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use crate::text::Language;

    #[test]
    fn a_few_users_are_always_possible() {
        assert_eq!(check(2), Ok(()));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn arenas_count_for_many_users_only() {
        let megabytes = [(1, 2), (10, 2), (10, 64), (100, 2), (500, 2)]
            .map(|(users, processors)| needed_space(users, processors) >> 20);
        assert_eq!(megabytes, [64, 67, 67, 1_119, 1_244]);
    }

    #[test]
    fn no_system_has_four_billion_users() {
        let message = check(u32::MAX).expect_err("too many");
        assert!(message.id().starts_with("engine.limit_"), "{message}");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn too_many_threads_are_answered_with_a_remedy() {
        let needed = u64::from(u32::MAX);
        let message = threads(needed).expect("no system has that many");
        let remedies = [needed, needed * MAPPINGS_PER_THREAD].map(|needed| format!("={needed})"));
        let text = message.to_string();
        assert!(remedies.iter().any(|end| text.contains(end)), "{text}");
        assert_eq!(threads(2), None);
    }

    #[test]
    fn every_limit_has_the_system_s_name_in_both_languages() {
        for (message, name) in [
            (Message::new("engine.limit_address_space"), "RLIMIT_AS"),
            (Message::new("engine.limit_cgroup"), "pids.max"),
            (Message::new("engine.limit_files"), "RLIMIT_NOFILE"),
            (Message::new("engine.limit_mappings"), "vm.max_map_count"),
            (Message::new("engine.limit_numbers"), "kernel.pid_max"),
            (Message::new("engine.limit_processes"), "RLIMIT_NPROC"),
            (Message::new("engine.limit_threads"), "kernel.threads-max"),
        ] {
            let chinese = Language::Chinese.texts().render(&message);
            for text in [message.to_string(), chinese] {
                assert!(text.contains(name), "{text}");
            }
        }
    }
}
