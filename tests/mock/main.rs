//! The simulated service over real sockets, read with nothing but a `TcpStream`.

mod answers;
mod faults;
mod limits;
mod log;
#[path = "../shared/service.rs"]
mod service;
mod support;
