//! A plain HTTP server for the generator's own tests, which can be told to misbehave.

use std::{
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

/// How it answers.
#[derive(Clone, Copy, Debug)]
pub enum Manner {
    /// Every request at once.
    Honest,
    /// Says that it closes, and does.
    ClosesAfterEach,
    /// Answers nothing for a while once, at its fifth request.
    StallsOnce(std::time::Duration),
}

/// A running server; its thread ends with the test's process.
#[derive(Debug)]
pub struct Twin {
    /// Where it listens.
    pub address: SocketAddr,
    answered: Arc<AtomicU64>,
}

impl Twin {
    /// How many requests it has answered.
    pub fn answered(&self) -> u64 {
        self.answered.load(Ordering::SeqCst)
    }
}

/// Starts one on a free port.
pub fn start(manner: Manner) -> Twin {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let answered = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&answered);
    thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let counter = Arc::clone(&counter);
            thread::spawn(move || serve(socket, manner, &counter));
        }
    });
    Twin { address, answered }
}

fn serve(mut socket: TcpStream, manner: Manner, answered: &AtomicU64) {
    let mut lines = BufReader::new(socket.try_clone().unwrap()).lines();
    while lines.by_ref().map_while(Result::ok).take_while(|line| !line.is_empty()).count() > 0 {
        let number = answered.fetch_add(1, Ordering::SeqCst) + 1;
        if let Manner::StallsOnce(pause) = manner
            && number == 5
        {
            thread::park_timeout(pause);
        }
        let closes = matches!(manner, Manner::ClosesAfterEach);
        let connection = if closes { "close" } else { "keep-alive" };
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: {connection}\r\nIjazat-Receipt: r\r\n\r\n{{}}"
        );
        if socket.write_all(answer.as_bytes()).is_err() || closes {
            return;
        }
    }
}
