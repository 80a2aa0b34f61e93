//! One question to one name server: over UDP, and over TCP when the answer does not fit. Which server to ask, and whether
//! it may be asked, is decided elsewhere.

use hickory_proto::op::{Edns, Message, MessageType, Query, ResponseCode};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

/// Answers up to this size are asked for over UDP: what passes every network without being cut into fragments.
const UDP_BYTES: u16 = 1232;

/// What a name server answered.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) code: ResponseCode,
    pub(crate) records: Vec<Record>,
}

impl Answer {
    /// The data of the given type that the name has, over its aliases.
    pub(crate) fn data(&self, name: &Name, kind: RecordType) -> Vec<&RData> {
        let mut names = vec![name];
        // A chain of aliases stands in order, but nothing promises it; a loop ends since each record is taken once.
        for _ in 0..self.records.len() {
            let next = self.records.iter().find_map(|record| match &record.data {
                RData::CNAME(alias) if names.contains(&&record.name) && !names.contains(&&alias.0) => Some(&alias.0),
                _ => None,
            });
            match next {
                Some(next) if kind != RecordType::CNAME => names.push(next),
                _ => break,
            }
        }
        let wanted = self.records.iter().filter(|r| r.record_type() == kind && names.contains(&&r.name));
        wanted.map(|record| &record.data).collect()
    }
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum QueryError {
    /// The network, or this machine.
    Io(io::Error),
    /// Nothing came in time.
    TimedOut,
    /// What came is no answer to the question.
    Unreadable,
}

impl From<io::Error> for QueryError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl std::fmt::Display for QueryError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::TimedOut => f.write_str("the name server did not answer in time"),
            Self::Unreadable => f.write_str("the name server's answer could not be read"),
        }
    }
}

/// Asks the server. `recursive` is whether it shall ask others where it does not know.
pub(crate) async fn ask(
    server: SocketAddr,
    name: &Name,
    kind: RecordType,
    recursive: bool,
    limit: Duration,
) -> Result<Answer, QueryError> {
    let mut question = Message::query();
    question.metadata.recursion_desired = recursive;
    question.add_query(Query::query(name.clone(), kind));
    let mut edns = Edns::new();
    edns.set_max_payload(UDP_BYTES);
    question.set_edns(edns);
    let bytes = question.to_vec().map_err(|_| QueryError::Unreadable)?;
    let asked = async {
        let answer = over_udp(server, &question, &bytes).await?;
        if answer.metadata.truncation { over_tcp(server, &question, &bytes).await } else { Ok(answer) }
    };
    let answer = timeout(limit, asked).await.map_err(|_| QueryError::TimedOut)??;
    Ok(Answer { code: answer.metadata.response_code, records: answer.answers })
}

async fn over_udp(server: SocketAddr, question: &Message, bytes: &[u8]) -> Result<Message, QueryError> {
    let any = if server.is_ipv4() {
        SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0))
    } else {
        SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0))
    };
    // A socket of its own for each question has a random port, which a forger must guess beside the number.
    let socket = UdpSocket::bind(any).await?;
    socket.connect(server).await?;
    socket.send(bytes).await?;
    let mut buffer = [0; 4096];
    loop {
        let length = socket.recv(&mut buffer).await?;
        // A forged answer must not end the wait for the real one.
        if let Some(answer) = read(&buffer[..length], question) {
            return Ok(answer);
        }
    }
}

async fn over_tcp(server: SocketAddr, question: &Message, bytes: &[u8]) -> Result<Message, QueryError> {
    let mut stream = TcpStream::connect(server).await?;
    let length = u16::try_from(bytes.len()).map_err(|_| QueryError::Unreadable)?;
    stream.write_all(&[&length.to_be_bytes(), bytes].concat()).await?;
    let length = stream.read_u16().await?;
    let mut buffer = vec![0; usize::from(length)];
    stream.read_exact(&mut buffer).await?;
    read(&buffer, question).ok_or(QueryError::Unreadable)
}

/// The answer, if it is one to this very question.
fn read(bytes: &[u8], question: &Message) -> Option<Message> {
    let answer = Message::from_vec(bytes).ok()?;
    let matches = answer.metadata.id == question.metadata.id
        && answer.metadata.message_type == MessageType::Response
        && answer.queries == question.queries;
    matches.then_some(answer)
}
