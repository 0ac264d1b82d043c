//! Limits of the system that a run of N users needs: checked before the start, raised where that
//! is allowed, and otherwise answered with the command that raises them.

use crate::text::Message;

/// Mappings that a thread takes: its stack, its guard page, and what the allocator adds.
const MAPPINGS_PER_THREAD: u64 = 4;
/// Left for everything that is no user: the program itself, its other threads and files.
const RESERVE: u64 = 64;

/// A limit that allows fewer users than were asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Shortage {
    /// What to say of it, without its figures.
    message: Message,
    /// What it is.
    value: u64,
    /// What it would have to be.
    needed: u64,
    /// The command that raises it.
    remedy: String,
}

/// Sees to it that the system can carry that many users.
///
/// # Errors
///
/// If it cannot: with the limit and the command that raises it.
pub fn check(users: u32) -> Result<(), Message> {
    match first_shortage(u64::from(users)) {
        None => Ok(()),
        Some(shortage) => Err(shortage
            .message
            .with("users", users)
            .with("value", shortage.value)
            .with("needed", shortage.needed)
            .with("remedy", shortage.remedy)),
    }
}

#[cfg(unix)]
fn first_shortage(users: u64) -> Option<Shortage> {
    let mut found = open_files(users + RESERVE);
    #[cfg(target_os = "linux")]
    {
        found = found.or_else(|| linux::first_shortage(users + RESERVE));
    }
    found
}

#[cfg(not(unix))]
fn first_shortage(_users: u64) -> Option<Shortage> {
    None
}

/// `RLIMIT_NOFILE`: the soft limit is raised to what is needed if the hard one allows it.
#[cfg(unix)]
fn open_files(needed: u64) -> Option<Shortage> {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).ok()?;
    if soft >= needed {
        return None;
    }
    if hard >= needed && setrlimit(Resource::RLIMIT_NOFILE, needed, hard).is_ok() {
        return None;
    }
    Some(Shortage {
        message: Message::new("engine.limit_files"),
        value: hard,
        needed,
        remedy: raise("nofile", "n", needed),
    })
}

/// The command that raises a limit of the shell that it is typed in, and so of what that starts.
#[cfg(unix)]
fn raise(name: &str, letter: &str, needed: u64) -> String {
    if cfg!(target_os = "linux") {
        format!("sudo prlimit --pid $$ --{name}={needed}:{needed}")
    } else {
        format!("ulimit -{letter} {needed}")
    }
}

#[cfg(target_os = "linux")]
mod linux {
    //! Limits on threads: beyond them the standard library may abort instead of returning an error.

    use std::fs;

    use super::{MAPPINGS_PER_THREAD, Shortage};
    use crate::text::Message;

    pub(super) fn first_shortage(threads: u64) -> Option<Shortage> {
        let sysctl = |message, path, key, needed| {
            let value = read_number(path)?;
            shortage(message, value, needed, || {
                format!("sudo sysctl -w {key}={needed}")
            })
        };
        sysctl(
            Message::new("engine.limit_mappings"),
            "/proc/sys/vm/max_map_count",
            "vm.max_map_count",
            threads * MAPPINGS_PER_THREAD,
        )
        .or_else(|| {
            sysctl(
                Message::new("engine.limit_threads"),
                "/proc/sys/kernel/threads-max",
                "kernel.threads-max",
                threads,
            )
        })
        .or_else(|| {
            sysctl(
                Message::new("engine.limit_numbers"),
                "/proc/sys/kernel/pid_max",
                "kernel.pid_max",
                threads,
            )
        })
        .or_else(|| user_processes(threads))
        .or_else(|| cgroup(threads))
    }

    fn shortage(
        message: Message,
        value: u64,
        needed: u64,
        remedy: impl FnOnce() -> String,
    ) -> Option<Shortage> {
        (value < needed).then(|| Shortage {
            message,
            value,
            needed,
            remedy: remedy(),
        })
    }

    fn read_number(path: &str) -> Option<u64> {
        fs::read_to_string(path).ok()?.trim().parse().ok()
    }

    /// `RLIMIT_NPROC` counts threads, but does not hold for root.
    fn user_processes(threads: u64) -> Option<Shortage> {
        use nix::sys::resource::{Resource, getrlimit, setrlimit};
        if nix::unistd::geteuid().is_root() {
            return None;
        }
        let (soft, hard) = getrlimit(Resource::RLIMIT_NPROC).ok()?;
        if soft >= threads
            || hard >= threads && setrlimit(Resource::RLIMIT_NPROC, hard, hard).is_ok()
        {
            return None;
        }
        shortage(
            Message::new("engine.limit_processes"),
            hard,
            threads,
            || super::raise("nproc", "u", threads),
        )
    }

    /// `pids.max` of the control group that the process is in (version 2).
    fn cgroup(threads: u64) -> Option<Shortage> {
        let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
        let group = groups.lines().find_map(|line| line.strip_prefix("0::"))?;
        let path = format!("/sys/fs/cgroup{}/pids.max", group.trim_end_matches('/'));
        let value = read_number(&path)?;
        shortage(Message::new("engine.limit_cgroup"), value, threads, || {
            format!("docker run --pids-limit {threads} …, or: echo {threads} | sudo tee {path}")
        })
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn too_many_threads_are_answered_with_a_remedy() {
            let shortage = first_shortage(u64::from(u32::MAX)).expect("no system has that many");
            assert!(shortage.value < shortage.needed);
            assert!(shortage.remedy.contains(&shortage.needed.to_string()));
            assert_eq!(first_shortage(2), None);
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::text::Language;

    #[test]
    fn a_few_users_are_always_possible() {
        assert_eq!(check(2), Ok(()));
    }

    #[test]
    fn no_system_has_four_billion_users() {
        let message = check(u32::MAX).expect_err("too many");
        assert!(message.id().starts_with("engine.limit_"), "{message}");
    }

    #[test]
    fn every_limit_has_the_system_s_name_in_both_languages() {
        for (message, name) in [
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
