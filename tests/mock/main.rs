//! The simulated service over real sockets, read with nothing but a `TcpStream`.

mod answers;
mod faults;
mod limits;
mod log;
mod support;
